//! Hooks of charts on a real node: a Job with rights that its own helpers give it, and what its log says when it fails.

use crate::bed::Size;
use crate::charts::with_chart;
use crate::harness::{HEAD, Namespace, Project, wait_until};

tests! { on Size::Node;
    a_hook_uses_the_rights_that_come_and_go_with_it,
}

/// An object, and a Job that calls the API server with the token of its account. Account and rights are hooks as well.
const TEMPLATE: &str = r#"
{{- define "hook" }}
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-weight: "{{ . }}"
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded,hook-failed
{{- end }}
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
data: {value: {{ .Values.value | quote }}}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: hook-succeeded}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      serviceAccountName: migrate
      containers: [{name: main, image: "kubectl:1", args: {{ .Values.args | toJson }}}]
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: migrate
  {{- include "hook" "-3" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: migrate
  {{- include "hook" "-2" }}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: migrate
  {{- include "hook" "-1" }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: migrate}
subjects: [{kind: ServiceAccount, name: migrate, namespace: {{ .Release.Namespace }}}]
"#;

const BLOCK: &str = r#"
[chart.web]
chart = "web"
values.value = "one"
values.args = ["create", "configmap", "made", "--from-literal=by=hook"]
"#;

const HELPERS: [&str; 3] = ["serviceaccount/migrate", "role/migrate", "rolebinding/migrate"];

/// Whether none of the helpers is there.
#[track_caller]
fn are_gone(ns: &Namespace) {
    for helper in HELPERS {
        assert!(ns.find(helper).is_none(), "{helper} is still there");
    }
}

fn project(ns: &Namespace) -> Project<'_> {
    with_chart(ns.project(), "web", TEMPLATE).write("regplan.toml", &format!("{HEAD}{BLOCK}"))
}

fn a_hook_uses_the_rights_that_come_and_go_with_it() {
    let ns = Namespace::new();
    let project = project(&ns);
    project.run(["plan"]).success().stdout_contains("4 to run").stdout_contains("1 to add");
    let applied = project.apply();
    let told = applied.stderr();
    let at =
        |name: &str| told.find(&format!("ran chart.web/{name}")).unwrap_or_else(|| panic!("{name}: {told}"));
    let order = ["ServiceAccount/migrate", "Role/migrate", "RoleBinding/migrate", "Job/migrate"].map(at);
    assert!(order.is_sorted(), "{told}");
    assert_eq!(ns.field("configmap/made", "/data/by"), "hook");
    // It is deleted with its pods, which the kubelet has to let go of.
    wait_until("the hook to be gone", || ns.find("job/migrate").is_none());
    are_gone(&ns);
    project.expect_settled();
    project.run(["drift"]).success();
    // Its rights are those alone, and its log says so.
    project.edit("regplan.toml", "\"one\"", "\"two\"");
    project.edit(
        "regplan.toml",
        "[\"create\", \"configmap\", \"made\", \"--from-literal=by=hook\"]",
        "[\"delete\", \"configmap\", \"made\"]",
    );
    let failed = project.run(["apply", "--auto-approve"]).code(1);
    failed.stderr_contains("failed chart.web/Job/migrate").stderr_contains("Error from server (Forbidden)");
    failed.stderr_contains(
        &ns.fill("\"system:serviceaccount:{ns}:migrate\" cannot delete resource \"configmaps\""),
    );
    assert_eq!(ns.field("configmap/config", "/data/value"), "one", "nothing else was begun");
    // What has done its work stays for the next run, which needs it again.
    project.edit("web/templates/all.yaml", "verbs: [create]", "verbs: [get, delete]");
    project.apply();
    assert_eq!(
        (ns.find("configmap/made"), ns.field("configmap/config", "/data/value")),
        (None, "two".into())
    );
    are_gone(&ns);
}
