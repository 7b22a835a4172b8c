//! Hooks that an apply runs and that are tests as well: both runs are ours, and neither is in the way of the other.

use serde_json::json;

use super::hooks::{BLOCK, is_quiet, left, uid};
use super::with_chart;
use crate::harness::{HEAD, Namespace, Project, wait_until};

tests! {
    a_hook_that_is_a_test_as_well_runs_in_both,
    a_test_waits_for_an_apply_that_runs_the_same_hook,
    a_namespace_of_tests_is_kept_with_all_that_is_in_it,
}

/// A hook that is a test, what it needs, and a claim that is there for ever.
const TEMPLATE: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata:
  name: helper
  annotations: {helm.sh/hook: "post-install,post-upgrade,test", helm.sh/hook-weight: "-5"}
data: {value: {{ .Values.value | quote }}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: check, annotations: {helm.sh/hook: "post-install,post-upgrade,test"}}
spec:
  backoffLimit: 0
  template:
    metadata: {labels: {regplan.test/behaviour: {{ .Values.behaviour }}}}
    spec:
      restartPolicy: Never
      containers: [{name: main, image: "job:1", envFrom: [{configMapRef: {name: helper}}]}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
data: {value: {{ .Values.value | quote }}}
"#;

fn project(ns: &Namespace) -> Project<'_> {
    with_chart(ns.project(), "web", TEMPLATE).write("regplan.toml", &format!("{HEAD}{BLOCK}"))
}

fn a_hook_that_is_a_test_as_well_runs_in_both() {
    let ns = Namespace::new();
    let project = project(&ns);
    project.apply();
    let first = uid(&ns, "job/check");
    for _ in 0..2 {
        project.run(["verify"]).success().stdout_contains("+ Job/check").stdout_contains("1 check passed");
        is_quiet(&project);
    }
    let tested = uid(&ns, "job/check");
    assert_ne!(tested, first, "it ran as a test");
    project.edit("regplan.toml", "one", "two");
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("chart.web/Job/check  run").stdout_contains("`regplan verify` has run it");
    project.apply();
    assert_ne!(uid(&ns, "job/check"), tested, "it ran after the upgrade");
    assert_eq!(ns.field("configmap/helper", "/data/value"), "two");
    is_quiet(&project);
    // What the test has made last goes with the chart.
    project.run(["verify"]).success();
    project.run(["destroy", "--auto-approve"]).success();
    wait_until("nothing is left", || left(&ns).is_empty());
    assert_eq!(project.state()["resources"], json!({}));
}

fn a_test_waits_for_an_apply_that_runs_the_same_hook() {
    let ns = Namespace::new();
    let project = project(&ns);
    project.apply();
    project.edit(
        "regplan.toml",
        "\"one\"\nvalues.behaviour = \"fine\"",
        "\"two\"\nvalues.behaviour = \"never-ready\"",
    );
    let before = uid(&ns, "job/check");
    let apply = project.regplan(["apply", "--auto-approve"]).spawn();
    wait_until("the hook runs", || ns.find("job/check").is_some_and(|job| job["metadata"]["uid"] != before));
    let during = uid(&ns, "job/check");
    let waits = project.run(["verify"]).code(3);
    waits.stdout_contains("? ConfigMap/helper").stdout_contains("is run by an apply, which goes on");
    assert_eq!(uid(&ns, "job/check"), during);
    // Of an apply that was killed, the hook goes on by itself.
    apply.kill();
    let waits = project.run(["verify"]).code(3);
    waits.stdout_contains("? Job/check").stdout_contains("is run by an apply, and has not ended");
    assert_eq!(uid(&ns, "job/check"), during);
}

fn a_namespace_of_tests_is_kept_with_all_that_is_in_it() {
    let ns = Namespace::new();
    let template = r#"
apiVersion: v1
kind: Namespace
metadata: {name: {{ .Values.space }}, annotations: {helm.sh/hook: "HOOK"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
data: {value: {{ .Values.value | quote }}}
"#;
    let block = "[chart.web]\nchart = \"web\"\nvalues.value = \"one\"\nvalues.space = \"{prefix}-s\"\n";
    let space = ns.fill("namespace/{prefix}-s");
    let uid = || ns.cluster().find("", &space).map(|found| found["metadata"]["uid"].clone());
    for phases in ["test", "pre-install,pre-upgrade", "pre-upgrade,test"] {
        let project = with_chart(ns.project(), "web", &template.replace("HOOK", phases))
            .write("regplan.toml", &format!("{HEAD}{block}"));
        project.apply();
        let is_test = phases.ends_with("test");
        // A namespace is nothing that passes.
        let verify = || {
            if is_test {
                project.run(["verify"]).code(3).stdout_contains("Nothing was looked at");
            }
        };
        verify();
        let first = uid();
        assert!(first.is_some(), "{phases}");
        project.edit("regplan.toml", "one", "two");
        project.run(["plan"]).success().stdout_contains("0 to replace").stdout_lacks("Namespace  run");
        project.apply();
        verify();
        assert_eq!(uid(), first, "{phases}");
        let _ = project.run(["destroy", "--auto-approve"]);
        ns.cluster().begin_delete("", &space);
        wait_until("it is gone", || uid().is_none());
    }
}
