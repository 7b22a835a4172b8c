//! The tests that charts bring: run by `regplan verify`, and by nothing else.

use serde_json::json;

use super::with_chart;
use crate::harness::{HEAD, Namespace};

tests! {
    tests_of_charts_run_when_they_are_asked_for,
    a_test_that_cannot_be_run_says_why,
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
    project.edit("regplan.toml", "chart = \"web\"", "chart = \"web\"\nhooks = false");
    project.run(["verify"]).success().stdout_contains("not needed: the chart has no tests");
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
