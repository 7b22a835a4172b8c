//! Hooks of charts: when they run, what is remembered of them, and what is left of them.

use serde_json::Value;

use super::{helm_program, with_chart};
use crate::harness::{HEAD, Namespace, Project, Proxy, wait_until};

tests! {
    hooks_run_around_what_happens_to_their_chart,
    an_upgrade_that_fails_goes_on_where_it_was,
    an_installation_that_fails_goes_on_as_one,
    a_hook_that_ended_while_nobody_looked_does_not_run_again,
    a_hook_that_nobody_recorded_does_not_run_again,
    the_approval_binds_hooks,
    a_rollback_runs_its_own_hooks_without_helm,
    a_rollback_runs_its_hooks_around_its_changes,
    hooks_are_chosen_by_their_phases,
    a_phase_that_helm_does_not_have_is_told,
    a_chart_that_renders_nothing_is_told,
}

/// An object, hooks of all moments of an apply, and a test.
const TEMPLATE: &str = r#"
{{- define "job" }}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .name }}
  annotations: {helm.sh/hook: "{{ .phases }}", helm.sh/hook-weight: "{{ .weight }}", helm.sh/hook-delete-policy: "{{ .policy }}"}
spec:
  backoffLimit: 0
  template:
    metadata: {labels: {regplan.test/behaviour: {{ .behaviour }}}}
    spec:
      restartPolicy: Never
      containers: [{name: main, image: "job:1", envFrom: [{configMapRef: {name: helper}}]}]
---
{{- end }}
{{- $default := dict "weight" "0" "policy" "before-hook-creation" "behaviour" "fine" }}
{{- include "job" (merge (dict "name" "migrate" "phases" "pre-install, pre-upgrade" "policy" "hook-succeeded" "behaviour" .Values.behaviour) $default) }}
{{- include "job" (merge (dict "name" "seed" "phases" "post-install") $default) }}
{{- include "job" (merge (dict "name" "notify" "phases" "post-upgrade") $default) }}
{{- include "job" (merge (dict "name" "undo" "phases" "post-rollback") $default) }}
{{- include "job" (merge (dict "name" "check" "phases" "test") $default) }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: helper
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-weight: "-5", helm.sh/hook-delete-policy: hook-succeeded}
data: {a: b}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
data: {value: {{ .Values.value | quote }}}
"#;

/// The block of a chart `web` whose hooks do what they should.
pub(super) const BLOCK: &str =
    "[chart.web]\nchart = \"web\"\nvalues.value = \"one\"\nvalues.behaviour = \"fine\"\n";

fn project(ns: &Namespace) -> Project<'_> {
    with_chart(ns.project(), "web", TEMPLATE).write("regplan.toml", &format!("{HEAD}{BLOCK}"))
}

/// Which of the hooks are there.
pub(super) fn left(ns: &Namespace) -> Vec<String> {
    ns.list("jobs.batch,configmaps").into_iter().filter(|name| !name.contains("kube-root")).collect()
}

pub(super) fn uid(ns: &Namespace, target: &str) -> Value {
    ns.field(target, "/metadata/uid")
}

/// It is as it should be: nothing to change, no drift.
pub(super) fn is_quiet(project: &Project<'_>) {
    project.expect_settled();
    project.run(["drift"]).success().stdout_contains("In sync");
}

fn hooks_run_around_what_happens_to_their_chart() {
    let ns = Namespace::new();
    let project = project(&ns);
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("▸ chart.web/Job/migrate  run")
        .stdout_contains("runs before the chart is installed");
    plan.stdout_contains("+ chart.web/ConfigMap/config").stdout_contains("3 to run").stdout_lacks("notify");
    let applied = project.apply();
    let told = applied.stderr();
    let at = |name: &str| told.find(&format!("chart.web/{name}")).unwrap_or_else(|| panic!("{name}: {told}"));
    assert!(
        at("ConfigMap/helper") < at("Job/migrate") && at("Job/migrate") < at("ConfigMap/config"),
        "{told}"
    );
    assert!(at("ConfigMap/config") < at("Job/seed"), "{told}");
    assert_eq!(
        left(&ns),
        ["job.batch/seed", "configmap/config"],
        "the others are deleted after their success"
    );
    is_quiet(&project);
    // What is left of a hook is nobody's loss.
    ns.delete("job/seed");
    is_quiet(&project);
    project.edit("regplan.toml", "one", "two");
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("3 to run").stdout_contains("notify  run").stdout_lacks("Job/seed");
    project.apply();
    assert_eq!(left(&ns), ["job.batch/notify", "configmap/config"]);
    is_quiet(&project);
    // Its next run makes room for itself.
    let before = uid(&ns, "job/notify");
    project.edit("regplan.toml", "two", "three");
    project.apply();
    assert_ne!(uid(&ns, "job/notify"), before);
    // With the chart, all goes that is left of it.
    project.rewrite("regplan.toml", HEAD);
    project.apply();
    assert_eq!(left(&ns), [""; 0]);
    assert_eq!(project.state()["resources"], serde_json::json!({}));
}

fn an_upgrade_that_fails_goes_on_where_it_was() {
    let ns = Namespace::new();
    let project = project(&ns);
    project.apply();
    project.edit("regplan.toml", "one", "two");
    project.edit("regplan.toml", "\"fine\"", "\"failed\"");
    let ended = project.run(["apply", "--auto-approve"]).code(1);
    ended.stderr_contains("failed chart.web/Job/migrate").stderr_contains("BackoffLimitExceeded");
    assert_eq!(ns.field("configmap/config", "/data/value"), "one");
    let drift = project.run(["drift"]).code(2);
    drift.stdout_contains("! chart.web/Job/migrate  failed").stdout_contains("BackoffLimitExceeded");
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("it has failed, and runs again").stdout_lacks("with other content");
    // The same again runs again, with what it needs.
    ns.delete("configmap/helper");
    let ended = project.run(["apply", "--auto-approve"]).code(1);
    ended.stderr_contains("ran chart.web/ConfigMap/helper").stderr_contains("failed chart.web/Job/migrate");
    project.edit("regplan.toml", "\"failed\"", "\"fine\"");
    project.apply().stderr_contains("ran chart.web/Job/notify");
    assert_eq!(ns.field("configmap/config", "/data/value"), "two");
    is_quiet(&project);
}

fn an_installation_that_fails_goes_on_as_one() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project(&ns).through(&proxy);
    project.edit("web/templates/all.yaml", "\"post-install\")", "\"post-install\" \"behaviour\" \"failed\")");
    let log = "first line\nthe password is a-canary-Password-7\n";
    proxy.on("get", "pods/log").answer_text(200, log);
    project.edit("regplan.toml", "values.value", "values.password = \"${secret.p}\"\nvalues.value");
    project.edit("regplan.toml", "[chart.web]", "[secret.p]\nenv = \"CHART_PASSWORD\"\n\n[chart.web]");
    let ended = project.run(["apply", "--auto-approve"]).code(1);
    ended.stderr_contains("failed chart.web/Job/seed").stderr_contains("first line");
    ended.stderr_contains("the password is (sensitive)").stderr_lacks("canary");
    project.edit("web/templates/all.yaml", "\"failed\")", "\"fine\")");
    let applied = project.apply();
    applied.stderr_contains("ran chart.web/Job/seed").stderr_lacks("notify");
    is_quiet(&project);
}

/// It was begun, and regplan is killed before it sees the end.
fn a_hook_that_ended_while_nobody_looked_does_not_run_again() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project(&ns).through(&proxy);
    proxy.on("watch", "jobs.batch").hang();
    let apply = project.regplan(["apply", "--auto-approve"]).spawn();
    let is_complete = |job: &Value| {
        let conditions = job["status"]["conditions"].as_array();
        conditions.into_iter().flatten().any(|found| found["type"] == "Complete" && found["status"] == "True")
    };
    wait_until("the Job is complete", || ns.find("job/migrate").is_some_and(|job| is_complete(&job)));
    apply.kill();
    proxy.clear_faults();
    proxy.forget();
    let plan = project.run(["plan"]).success();
    plan.stdout_lacks("Job/migrate  run").stdout_contains("Job/seed  run");
    project.apply();
    let is_of_migrate = |seen: &&crate::harness::Seen| seen.name.as_deref() == Some("migrate");
    let writes = proxy.writes();
    let verbs: Vec<&str> = writes.iter().filter(is_of_migrate).map(|seen| seen.verb.as_str()).collect();
    assert_eq!(verbs, ["delete"], "only what its chart wants deleted");
    is_quiet(&project);
}

/// The server has made it, and regplan is killed before it hears of it.
fn a_hook_that_nobody_recorded_does_not_run_again() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project(&ns).through(&proxy);
    project.apply();
    project.edit("regplan.toml", "one", "two");
    proxy.on("apply", "jobs.batch").named("notify").not_dry_run().done_but_hang();
    let apply = project.regplan(["apply", "--auto-approve"]).spawn();
    wait_until("the Job is there", || ns.find("job/notify").is_some());
    apply.kill();
    proxy.clear_faults();
    let before = uid(&ns, "job/notify");
    project.run(["plan"]).success().stdout_contains("Nothing to change");
    project.apply();
    assert_eq!(uid(&ns, "job/notify"), before);
    is_quiet(&project);
}

fn the_approval_binds_hooks() {
    let ns = Namespace::new();
    let project = project(&ns);
    project.run(["plan", "--out", "plan"]).success();
    project.edit("web/templates/all.yaml", "job:1", "job:2");
    project.run(["apply", "plan"]).code(1).stderr_contains("chart.web/Job/migrate");
    project.edit("web/templates/all.yaml", "job:2", "job:1");
    project.run(["apply", "plan"]).success();
    is_quiet(&project);
}

fn a_rollback_runs_its_own_hooks_without_helm() {
    let ns = Namespace::new();
    let project = project(&ns);
    project.apply();
    project.edit("regplan.toml", "one", "two");
    project.apply();
    let (seed, notify) = (uid(&ns, "job/seed"), uid(&ns, "job/notify"));
    let project = project.env("REGPLAN_HELM", "/nonexistent/helm");
    let rolled = project.run(["rollback", "1", "--auto-approve"]).success();
    rolled.stdout_contains("undo  run").stdout_contains("1 to run");
    assert_eq!(ns.field("configmap/config", "/data/value"), "one");
    assert_eq!((uid(&ns, "job/seed"), uid(&ns, "job/notify")), (seed, notify), "they did not run");
    assert!(ns.find("job/undo").is_some());
    // The configuration of then is what is there.
    let project = project.env("REGPLAN_HELM", helm_program());
    project.edit("regplan.toml", "two", "one");
    is_quiet(&project);
}

fn a_rollback_runs_its_hooks_around_its_changes() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project(&ns).through(&proxy);
    let undo = "{{- include \"job\" (merge (dict \"name\" \"undo\"";
    let ready = r#"{{- include "job" (merge (dict "name" "ready" "phases" "pre-rollback" "behaviour" .Values.back) $default) }}"#;
    project.edit("web/templates/all.yaml", undo, &format!("{ready}\n{undo}"));
    // The hooks of the second revision fail, those of the first one do not.
    for (value, back) in [("one", "fine"), ("two", "failed"), ("three", "fine")] {
        let values =
            format!("values.value = \"{value}\"\nvalues.back = \"{back}\"\nvalues.behaviour = \"fine\"\n");
        project.rewrite("regplan.toml", &format!("{HEAD}[chart.web]\nchart = \"web\"\n{values}"));
        project.apply();
    }
    proxy.forget();
    let failed = project.run(["rollback", "2", "--auto-approve"]).code(1);
    failed.stderr_contains("failed chart.web/Job/ready");
    assert_eq!(applied(&proxy), ["ready"]);
    assert_eq!(ns.field("configmap/config", "/data/value"), "three");
    proxy.forget();
    let rolled = project.run(["rollback", "1", "--auto-approve"]).success();
    rolled.stdout_contains("runs before the chart goes back to this revision").stdout_contains("2 to run");
    assert_eq!(applied(&proxy), ["ready", "config", "undo"]);
    assert_eq!(ns.field("configmap/config", "/data/value"), "one");
}

/// What was made or changed of the chart, in this order.
fn applied(proxy: &Proxy) -> Vec<String> {
    let of_chart = ["ready", "undo", "migrate", "seed", "notify", "check", "helper", "config"];
    let names = proxy.writes().into_iter().filter(|seen| seen.verb == "apply").filter_map(|seen| seen.name);
    names.filter(|name| of_chart.contains(&name.as_str())).collect()
}

fn hooks_are_chosen_by_their_phases() {
    let ns = Namespace::new();
    let project = project(&ns);
    project.edit("regplan.toml", "chart = \"web\"", "chart = \"web\"\nhooks = false");
    project.run(["plan"]).success().stdout_lacks("run").stdout_contains("1 to add");
    project.edit("regplan.toml", "hooks = false", "hooks = [\"post-install\"]");
    project.run(["plan"]).success().stdout_contains("1 to run").stdout_contains("Job/seed  run");
    project.edit("regplan.toml", "post-install", "after-install");
    project.run(["validate"]).code(1).stderr_contains("after-install");
    project.edit("regplan.toml", "hooks = [\"after-install\"]\n", "");
    project.edit("web/templates/all.yaml", "\"post-install\"", "\"pre-install,post-install\"");
    project.run(["validate"]).code(1).stderr_contains("runs Job/seed both before and after");
}

/// Helm leaves such an object out, and says so where nobody looks.
fn a_phase_that_helm_does_not_have_is_told() {
    let ns = Namespace::new();
    let project = project(&ns);
    project.edit("web/templates/all.yaml", "\"post-install\"", "\"pre-upgrade, post-instal\"");
    for command in ["validate", "plan"] {
        let told = project.run([command]).success();
        told.stderr_contains("helm-hooks").stderr_contains("`post-instal`").stderr_contains("`post-install`");
        told.stderr_contains("is never made").stderr_lacks("`pre-upgrade`");
    }
    project.edit("web/templates/all.yaml", "post-instal\"", "post-install\"");
    project.run(["validate"]).success().stderr_lacks("helm-hooks");
}

fn a_chart_that_renders_nothing_is_told() {
    let ns = Namespace::new();
    let nothing =
        "{{- if .Values.enabled }}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: config}\n{{- end }}\n";
    let project = with_chart(ns.project(), "web", nothing)
        .write("regplan.toml", &format!("{HEAD}[chart.web]\nchart = \"web\"\nvalues.enabled = false\n"));
    let told = project.run(["plan"]).success();
    told.stderr_contains("chart-empty").stderr_contains("`chart.web` renders no object");
    project.edit("regplan.toml", "false", "true");
    project.run(["plan"]).success().stderr_lacks("chart-empty").stdout_contains("1 to add");
}
