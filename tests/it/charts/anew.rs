//! A chart of which others have deleted everything is installed anew, with its hooks.

use super::hooks::is_quiet;
use super::with_chart;
use crate::harness::{HEAD, Namespace, Project, wait_until};

tests! {
    a_chart_whose_namespace_is_gone_is_installed_anew,
    an_installation_anew_that_is_cut_off_goes_on_as_one,
    a_chart_of_which_something_is_left_is_not_installed_anew,
}

/// What is there before the objects, the objects, and what runs after them. One object has no namespace.
const TEMPLATE: &str = r#"
{{- define "job" }}
apiVersion: batch/v1
kind: Job
metadata: {name: {{ .name }}, annotations: {helm.sh/hook: "{{ .phase }}", helm.sh/hook-delete-policy: hook-succeeded}}
spec:
  backoffLimit: 0
  template:
    metadata: {labels: {regplan.test/behaviour: {{ .behaviour }}}}
    spec: {restartPolicy: Never, containers: [{name: main, image: "job:1"}]}
---
{{- end }}
{{- include "job" (dict "name" "seed" "phase" "post-install" "behaviour" .Values.behaviour) }}
{{- include "job" (dict "name" "notify" "phase" "post-upgrade" "behaviour" "fine") }}
apiVersion: v1
kind: ConfigMap
metadata: {name: made-before, annotations: {helm.sh/hook: pre-install}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: other}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: {{ .Values.role }}}
rules: []
"#;

/// The chart lies in a namespace that the project makes.
const CONFIG: &str = r#"
[project]
name = "{project}"

[cluster]
namespace = "{ns}"

[resource.space]
apiVersion = "v1"
kind = "Namespace"
metadata.name = "{prefix}-s"

[chart.web]
chart = "web"
namespace = "{prefix}-s"
values.role = "{prefix}-r"
values.behaviour = "fine"
depends_on = ["resource.space"]
"#;

fn project(ns: &Namespace) -> Project<'_> {
    with_chart(ns.project(), "web", TEMPLATE).write("regplan.toml", CONFIG)
}

fn delete_namespace(ns: &Namespace) {
    let space = ns.fill("namespace/{prefix}-s");
    ns.cluster().begin_delete("", &space);
    wait_until("the namespace is gone", || ns.cluster().find("", &space).is_none());
}

fn a_chart_whose_namespace_is_gone_is_installed_anew() {
    let ns = Namespace::new();
    let project = project(&ns);
    project.apply();
    is_quiet(&project);
    delete_namespace(&ns);
    project.run(["drift"]).code(2).stdout_contains("chart.web");
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("chart.web/ConfigMap/made-before  run")
        .stdout_contains("Job/seed  run")
        .stdout_contains("runs after the chart was installed")
        .stdout_lacks("notify  run");
    plan.stdout_contains("Nothing of chart.web is left in its namespace").stdout_contains("installed anew");
    project
        .apply()
        .stderr_contains("ran chart.web/ConfigMap/made-before")
        .stderr_contains("ran chart.web/Job/seed");
    let space = ns.fill("{prefix}-s");
    assert!(ns.cluster().find(&space, "configmap/made-before").is_some());
    is_quiet(&project);
    let destroyed = project.run(["destroy", "--auto-approve", "--consent", "resource.space"]).success();
    assert_eq!(project.state()["resources"], serde_json::json!({}), "{}", destroyed.stdout());
}

fn an_installation_anew_that_is_cut_off_goes_on_as_one() {
    let ns = Namespace::new();
    let project = project(&ns);
    project.apply();
    delete_namespace(&ns);
    project.edit("regplan.toml", "\"fine\"", "\"failed\"");
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("failed chart.web/Job/seed");
    project.run(["plan"]).success().stdout_contains("Job/seed  run").stdout_lacks("notify  run");
    project.edit("regplan.toml", "\"failed\"", "\"fine\"");
    let applied = project.apply();
    applied.stderr_contains("ran chart.web/Job/seed").stderr_lacks("notify");
    is_quiet(&project);
}

fn a_chart_of_which_something_is_left_is_not_installed_anew() {
    let ns = Namespace::new();
    let project = with_chart(ns.project(), "web", TEMPLATE).write(
        "regplan.toml",
        &format!("{HEAD}[chart.web]\nchart = \"web\"\nvalues.role = \"{{prefix}}-r\"\nvalues.behaviour = \"fine\"\n"),
    );
    project.apply();
    ns.delete("configmap/made-before");
    is_quiet(&project);
    ns.delete("configmap/config");
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("+ chart.web/ConfigMap/config")
        .stdout_lacks("to run")
        .stdout_lacks("installed anew");
    project.apply();
    is_quiet(&project);
}
