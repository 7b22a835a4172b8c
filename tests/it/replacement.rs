//! Replacement: objects with a field that cannot change are deleted and created again, and the plan names what is
//! deleted with them.

mod dependents;
mod immutable;
mod losses;

use crate::harness::Test;

/// The tests of this feature.
pub(crate) fn tests() -> Vec<Test> {
    [immutable::tests(), dependents::tests(), losses::tests()].concat()
}

struct Row {
    name: &'static str,
    /// The block without its name, with `FROM` where the value changes.
    text: &'static str,
    from: &'static str,
    to: &'static str,
    field: &'static str,
}

const ROWS: &[Row] = &[
    Row {
        name: "deployment",
        text: r#"apiVersion = "apps/v1"
kind = "Deployment"
spec = { selector.matchLabels = { app = "FROM" }, template = { metadata.labels = { app = "a", b = "b", c = "c" }, spec.containers = [{ name = "m", image = "web:1" }] } }
"#,
        from: r#"a", b = "b"#,
        to: r#"a", c = "c"#,
        field: "spec.selector",
    },
    Row {
        name: "daemons",
        text: r#"apiVersion = "apps/v1"
kind = "DaemonSet"
spec = { selector.matchLabels = { app = "d", FROM }, template = { metadata.labels = { app = "d", b = "b", c = "c" }, spec.containers = [{ name = "m", image = "web:1" }] } }
"#,
        from: r#"b = "b""#,
        to: r#"c = "c""#,
        field: "spec.selector",
    },
    Row {
        name: "stateful",
        text: r#"apiVersion = "apps/v1"
kind = "StatefulSet"
spec = { serviceName = "FROM", selector.matchLabels = { app = "s" }, template = { metadata.labels = { app = "s" }, spec.containers = [{ name = "m", image = "web:1" }] } }
"#,
        from: "one",
        to: "two",
        field: "spec.serviceName",
    },
    Row {
        name: "job",
        text: r#"apiVersion = "batch/v1"
kind = "Job"
spec.template.spec = { restartPolicy = "Never", containers = [{ name = "m", image = "FROM" }] }
"#,
        from: "web:1",
        to: "web:2",
        field: "spec.template.spec.containers[m].image",
    },
    Row {
        name: "pod",
        text: r#"apiVersion = "v1"
kind = "Pod"
spec.containers = [{ name = "m", image = "web:1", command = ["FROM"] }]
"#,
        from: "one",
        to: "two",
        field: "spec.containers[m].command",
    },
    Row {
        name: "service",
        text: r#"apiVersion = "v1"
kind = "Service"
spec = { clusterIP = FROM, ports = [{ port = 80 }], selector = { app = "web" } }
"#,
        from: r#""""#,
        to: r#""None""#,
        field: "spec.clusterIP",
    },
    Row {
        name: "frozen",
        text: "apiVersion = \"v1\"\nkind = \"ConfigMap\"\nimmutable = true\ndata.k = \"FROM\"\n",
        from: "one",
        to: "two",
        field: "data.k",
    },
    Row {
        name: "typed",
        text: "apiVersion = \"v1\"\nkind = \"Secret\"\ntype = \"FROM\"\n",
        from: "a.b/one",
        to: "a.b/two",
        field: "type",
    },
    Row {
        name: "binding",
        text: r#"apiVersion = "rbac.authorization.k8s.io/v1"
kind = "RoleBinding"
roleRef = { apiGroup = "rbac.authorization.k8s.io", kind = "Role", name = "FROM" }
"#,
        from: "one",
        to: "two",
        field: "roleRef.name",
    },
    Row {
        name: "cluster_binding",
        text: r#"apiVersion = "rbac.authorization.k8s.io/v1"
kind = "ClusterRoleBinding"
metadata.name = "{prefix}"
roleRef = { apiGroup = "rbac.authorization.k8s.io", kind = "ClusterRole", name = "FROM" }
"#,
        from: "one",
        to: "two",
        field: "roleRef.name",
    },
    Row {
        name: "class",
        text: r#"apiVersion = "storage.k8s.io/v1"
kind = "StorageClass"
metadata.name = "{prefix}"
provisioner = "a.b/c"
parameters = { p = "FROM" }
"#,
        from: "one",
        to: "two",
        field: "parameters.p",
    },
    Row {
        name: "driver",
        text: r#"apiVersion = "storage.k8s.io/v1"
kind = "CSIDriver"
metadata.name = "{prefix}.example.com"
spec.attachRequired = FROM
"#,
        from: "true",
        to: "false",
        field: "spec.attachRequired",
    },
    Row {
        name: "volume",
        text: r#"apiVersion = "v1"
kind = "PersistentVolume"
metadata.name = "{prefix}"
spec = { capacity.storage = "1Gi", accessModes = ["ReadWriteOnce"], storageClassName = "{prefix}", hostPath.path = "FROM" }
"#,
        from: "/one",
        to: "/two",
        field: "spec.hostPath.path",
    },
    Row {
        name: "priority",
        text: "apiVersion = \"scheduling.k8s.io/v1\"\nkind = \"PriorityClass\"\nmetadata.name = \"{prefix}\"\nvalue = FROM\n",
        from: "5",
        to: "6",
        field: "value",
    },
    Row {
        name: "ingress_class",
        text: "apiVersion = \"networking.k8s.io/v1\"\nkind = \"IngressClass\"\nmetadata.name = \"{prefix}\"\nspec.controller = \"FROM\"\n",
        from: "a.b/one",
        to: "a.b/two",
        field: "spec.controller",
    },
    Row {
        name: "runtime",
        text: "apiVersion = \"node.k8s.io/v1\"\nkind = \"RuntimeClass\"\nmetadata.name = \"{prefix}\"\nhandler = \"FROM\"\n",
        from: "one",
        to: "two",
        field: "handler",
    },
    Row {
        name: "definition",
        text: r#"apiVersion = "apiextensions.k8s.io/v1"
kind = "CustomResourceDefinition"
metadata.name = "foos.{prefix}.example.com"
spec = { group = "{prefix}.example.com", scope = "FROM", names = { kind = "Foo", plural = "foos" }, versions = [{ name = "v1", served = true, storage = true, schema.openAPIV3Schema = { type = "object", x-kubernetes-preserve-unknown-fields = true } }] }
"#,
        from: "Namespaced",
        to: "Cluster",
        field: "spec.scope",
    },
];
