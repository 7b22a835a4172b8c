//! The tests that charts bring: run by `regplan verify`, and by nothing else.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::with_chart;
use crate::harness::{HEAD, Namespace, Project, wait_until};

tests! {
    tests_of_charts_run_when_they_are_asked_for,
    a_test_that_cannot_be_run_says_why,
    two_runs_leave_each_others_tests_alone,
    a_run_that_was_faster_is_told,
    nobody_waits_for_ever_for_a_test_to_go,
    charts_without_tests_are_left_out,
}

/// An object, and two tests with what they need.
const TEMPLATE: &str = r#"
{{- define "test" }}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .name }}
  annotations: {helm.sh/hook: test, helm.sh/hook-weight: "{{ .weight }}", helm.sh/hook-delete-policy: "{{ .policy }}"}
spec:
  backoffLimit: 0
  template:
    metadata: {labels: {regplan.test/behaviour: {{ .behaviour }}}}
    spec:
      restartPolicy: Never
      containers: [{name: main, image: "job:1", envFrom: [{configMapRef: {name: helper}}]}]
---
{{- end }}
{{- include "test" (dict "name" "second" "weight" "1" "policy" "before-hook-creation" "behaviour" .Values.plain) }}
{{- include "test" (dict "name" "first" "weight" "0" "policy" "hook-succeeded" "behaviour" "fine") }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: helper
  annotations: {helm.sh/hook: test-success, helm.sh/hook-weight: "-5", helm.sh/hook-delete-policy: hook-succeeded}
data: {password: {{ .Values.password | quote }}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
data: {a: b}
"#;

const BLOCK: &str = r#"
[chart.web]
chart = "web"
values.plain = "fine"
values.password = "${secret.password}"

[secret.password]
env = "CHART_PASSWORD"
"#;

fn left(ns: &Namespace) -> Vec<String> {
    ns.list("jobs.batch,configmaps").into_iter().filter(|name| !name.contains("kube-root")).collect()
}

fn tests_of_charts_run_when_they_are_asked_for() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = with_chart(ns.project(), "web", TEMPLATE)
        .write("regplan.toml", &format!("{HEAD}{BLOCK}"))
        .through(&proxy);
    project.run(["plan"]).success().stdout_lacks("▸ run").stdout_lacks("to run");
    project.apply();
    assert_eq!(left(&ns), ["configmap/config"]);
    let passed = project.run(["verify"]).success();
    let told = passed.stdout();
    let at = |text: &str| told.find(text).unwrap_or_else(|| panic!("{text}: {told}"));
    assert!(at("chart.web") < at("+ Job/first") && at("+ Job/first") < at("+ Job/second"), "{told}");
    passed.stdout_contains("Works: 2 checks passed.").stdout_lacks("helper");
    assert_eq!(left(&ns), ["job.batch/second", "configmap/config"], "the chart wants the others deleted");
    // What is left of a test is no drift, and makes room for the next run.
    project.expect_settled();
    project.run(["drift"]).success();
    let before = ns.field("job/second", "/metadata/uid");
    project.run(["verify", "chart.web", "--only", "tests"]).success();
    assert_ne!(ns.field("job/second", "/metadata/uid"), before);
    proxy.on("get", "pods/log").answer_text(200, "asked\nthe password is a-canary-Password-7\n");
    project.edit("regplan.toml", "\"fine\"", "\"failed\"");
    let failed = project.run(["verify", "chart.web", "--format", "json"]).code(2).json();
    let checks = &failed["charts"][0]["checks"];
    assert_eq!(checks[0]["outcome"], "passed", "{failed}");
    assert_eq!((&checks[1]["object"], &checks[1]["code"]), (&json!("Job/second"), &json!("test-failed")));
    let reason = checks[1]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("asked; the password is (sensitive)"), "{reason}");
    project.run(["verify", "chart.web", "--only", "push"]).code(1).stderr_contains("`tests` is for charts");
}

fn a_test_that_cannot_be_run_says_why() {
    let ns = Namespace::new();
    let project = with_chart(ns.project(), "web", TEMPLATE).write("regplan.toml", &format!("{HEAD}{BLOCK}"));
    project.run(["verify"]).code(3).stdout_contains("the chart was not applied yet");
    project.apply();
    ns.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: helper}\n");
    let ended = project.run(["verify"]).code(2);
    ended.stdout_contains("x ConfigMap/helper").stdout_contains("is there already");
    ended.stdout_contains("? Job/first").stdout_contains("skipped: it needs");
    let refused = project.run(["verify", "--format", "json"]).code(2).json();
    assert_eq!(refused["charts"][0]["checks"][0]["code"], "test-refused", "{refused}");
    assert_eq!(left(&ns), ["configmap/config", "configmap/helper"], "nothing of others is touched");
    ns.delete("configmap/helper");
    let without = project.env("CHART_PASSWORD", "");
    without.run(["verify"]).code(3).stdout_contains("CHART_PASSWORD");
    let without = without.env("REGPLAN_HELM", "/nonexistent/helm");
    let ended = without.run(["verify"]).code(3);
    ended
        .stdout_contains("what the chart renders is not known here")
        .stdout_contains("fix: `regplan plan --target");
}

/// A project whose chart is applied.
fn applied(ns: &Namespace) -> Project<'_> {
    let project = with_chart(ns.project(), "web", TEMPLATE).write("regplan.toml", &format!("{HEAD}{BLOCK}"));
    project.apply();
    project
}

/// Who has an object of a test: the project and the chart, and the run that uses it.
fn mark(ns: &Namespace, target: &str) -> String {
    ns.field(target, "/metadata/annotations/regplan.dev~1verify").as_str().unwrap_or_default().to_owned()
}

fn is_deleted(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some()
}

fn two_runs_leave_each_others_tests_alone() {
    let ns = Namespace::new();
    let project = applied(&ns);
    project.edit("regplan.toml", "\"fine\"", "\"never-ready\"");
    let mut first = project.regplan(["verify"]).spawn();
    wait_until("the test", || ns.find("job/second").is_some());
    let (uid, helper) =
        (ns.field("job/second", "/metadata/uid"), ns.field("configmap/helper", "/metadata/uid"));
    let other = project.run(["verify"]).code(3);
    other.stdout_contains("? ConfigMap/helper").stdout_contains("is of another run, which may still go on");
    other.stdout_contains("fix: wait until it has ended");
    assert_eq!(ns.field("job/second", "/metadata/uid"), uid);
    assert_eq!(ns.field("configmap/helper", "/metadata/uid"), helper);
    first.signal(Signal::INT);
    first.wait().code(3).stdout_contains("it was stopped before that");
    assert_eq!(left(&ns), ["configmap/config"], "the run that was stopped takes away its own");
    // What a run leaves when it has ended is nobody's, also for other machines.
    project.edit("regplan.toml", "\"never-ready\"", "\"fine\"");
    project.run(["verify"]).success();
    assert_eq!(mark(&ns, "job/second"), ns.fill("{project}/chart.web"));
    let elsewhere = ns.fill("{project}/chart.web run-4102444800-elsewhere-1-1");
    ns.patch("job/second", &json!({"metadata": {"annotations": {"regplan.dev/verify": elsewhere}}}));
    project.run(["verify"]).code(3).stdout_contains("Job.batch").stdout_contains("is of another run");
    // A run that was killed has ended.
    project.edit("regplan.toml", "\"fine\"", "\"never-ready\"");
    ns.delete("job/second");
    let killed = project.regplan(["verify"]).spawn();
    wait_until("the test", || ns.find("job/second").is_some());
    killed.kill();
    project.edit("regplan.toml", "\"never-ready\"", "\"fine\"");
    project.run(["verify"]).success();
}

fn a_run_that_was_faster_is_told() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = applied(&ns).through(&proxy);
    let (cluster, path) = (ns.cluster().clone(), format!("/api/v1/namespaces/{}/configmaps", ns.name()));
    let mark = ns.fill("{project}/chart.web run-4102444800-elsewhere-1-1");
    proxy.on("apply", "configmaps").named("helper").times(1).first(move || {
        let metadata = json!({"name": "helper", "annotations": {"regplan.dev/verify": mark}});
        let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
        cluster.request("POST", &path, Some(&theirs));
    });
    project.run(["verify"]).code(3).stdout_contains("is of another run");
    assert_eq!(left(&ns), ["configmap/config", "configmap/helper"]);
}

fn nobody_waits_for_ever_for_a_test_to_go() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let (free, held) = (
        "metadata:\n  name: {{ .name }}",
        "metadata:\n  finalizers: [regplan.test/held]\n  name: {{ .name }}",
    );
    project.edit("web/templates/all.yaml", free, held);
    let mut run = project.regplan(["verify"]).spawn();
    // The first one has passed, and does not go.
    wait_until("the delete", || ns.find("job/first").is_some_and(|job| is_deleted(&job)));
    // The second signal breaks it off. Two that come at once may count as one.
    wait_until("the end", || {
        if !run.has_ended() {
            run.signal(Signal::INT);
        }
        run.has_ended()
    });
    run.wait().code(3).stdout_contains("it was stopped before Job.batch").stdout_contains("was deleted");
    // Making room for the next run takes no longer than all of the tests may.
    let ended = project.run(["verify", "--timeout", "3s"]).code(2);
    ended.stdout_contains("x Job/first").stdout_contains("cannot be deleted").stdout_contains("delete it:");
    for name in ["job/first", "job/second"] {
        if ns.find(name).is_some() {
            ns.patch(name, &json!({"metadata": {"finalizers": null}}));
        }
    }
}

fn charts_without_tests_are_left_out() {
    let ns = Namespace::new();
    let bare = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bare}\n";
    let project = with_chart(applied(&ns), "bare", bare);
    let more = "\n[chart.bare]\nchart = \"bare\"\n";
    project.rewrite("regplan.toml", &format!("{HEAD}{BLOCK}{more}"));
    let both = project.run(["verify"]).success();
    both.stdout_contains("chart.web").stdout_lacks("chart.bare").stdout_contains("Works: 2 checks passed.");
    let named = project.run(["verify", "chart.bare"]).code(3);
    named.stdout_contains("not needed: the chart has no tests").stdout_lacks("Works");
    named.stdout_contains("Nothing was looked at");
    project.rewrite("regplan.toml", &format!("{HEAD}{more}"));
    let nothing = project.run(["verify"]).code(3);
    nothing.stdout_contains("Nothing was looked at: no chart has tests").stdout_lacks("chart.bare");
    let json = project.run(["verify", "--format=json"]).code(3).json();
    assert_eq!((&json["verdict"], &json["charts"]), (&json!("unknown"), &json!([])));
}
