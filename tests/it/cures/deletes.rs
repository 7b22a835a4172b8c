//! What a destroy keeps, and in which order it deletes.

use serde_json::json;

use super::of_manifest;
use crate::harness::{Namespace, change, mirror_definition, wait_until};

tests! {
    a_custom_resource_is_gone_before_its_operator,
    what_a_protected_workload_needs_is_kept,
}

fn a_custom_resource_is_gone_before_its_operator() {
    let ns = Namespace::new();
    let operator = r#"
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: robot }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: "{prefix}" }
rules: [{ apiGroups: ["{prefix}.example.com"], resources: ["*"], verbs: [get, update] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: "{prefix}" }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "{prefix}" }
subjects: [{ kind: ServiceAccount, name: robot, namespace: "{ns}" }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: operator }
spec:
  selector: { matchLabels: { app: operator } }
  template:
    metadata: { labels: { app: operator } }
    spec: { serviceAccountName: robot, containers: [{ name: main, image: "web:1" }] }
---
apiVersion: "{prefix}.example.com/v1"
kind: Mirror
metadata: { name: hub, finalizers: [test.regplan.dev/hold] }
spec: { url: "https://example.com" }
"#;
    let project = of_manifest(&ns, &(mirror_definition("Namespaced") + operator));
    project.apply();
    let consent = ns.fill("manifest.all/CustomResourceDefinition/mirrors.{prefix}.example.com");
    let mut destroy = project.regplan(["destroy", "--auto-approve", "--consent", &consent]).spawn();
    let mirror = "mirrors.{prefix}.example.com/hub";
    wait_until("the custom resource to end", || {
        ns.find(mirror).is_none_or(|mirror| mirror.pointer("/metadata/deletionTimestamp").is_some())
    });
    // It says what it waits for. Until then the operator, who would clean up, is not touched.
    destroy.until("test.regplan.dev/hold");
    for stays in ["deployment/operator", "serviceaccount/robot"] {
        assert!(ns.field(stays, "/metadata/deletionTimestamp").is_null(), "{stays} is being deleted");
    }
    assert!(ns.find("clusterrolebinding/{prefix}").is_some());
    ns.patch(mirror, &json!({"metadata": {"finalizers": null}}));
    destroy.wait().success();
    assert!(ns.find("deployment/operator").is_none());
}

fn what_a_protected_workload_needs_is_kept() {
    let ns = Namespace::new();
    let objects = r#"
apiVersion: v1
kind: Secret
metadata: { name: password }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: other }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: robot }
---
apiVersion: v1
kind: Service
metadata: { name: db }
spec: { clusterIP: None, selector: { app: db }, ports: [{ port: 80 }] }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:
      serviceAccountName: robot
      containers:
        - { name: main, image: "web:1", envFrom: [{ secretRef: { name: password } }, { configMapRef: { name: settings } }] }
"#;
    let project = of_manifest(&ns, objects);
    project.apply();
    let plan = project.run(["plan", "--destroy", "--format", "json"]).success().json();
    let needed = "manifest.all/Secret/password";
    assert_eq!(change(&plan, needed)["action"], "keep", "{plan:#}");
    let text = project.run(["plan", "--destroy"]).success();
    text.stdout_contains("manifest.all/StatefulSet/db stays, and needs it");
    project.run(["destroy", "--auto-approve"]).success();
    for stays in
        ["secret/password", "configmap/settings", "serviceaccount/robot", "service/db", "statefulset/db"]
    {
        assert!(ns.find(stays).is_some(), "{stays}");
    }
    assert!(ns.find("configmap/other").is_none());
    project.run(["destroy", "--auto-approve", "--consent", "manifest.all/StatefulSet/db"]).success();
    assert!(ns.find("secret/password").is_none());
}
