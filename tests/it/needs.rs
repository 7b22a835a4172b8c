//! What resources name and the plan does not make: whoever forgot it hears so in the plan.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{HEAD, Namespace, Project, changes};

tests! {
    what_is_missing_is_a_warning_where_it_is_named,
    what_is_there_is_no_warning,
    what_the_plan_makes_is_no_warning,
    what_cannot_be_read_may_be_there,
    what_may_be_missing_is_no_warning,
    what_every_namespace_has_is_no_warning,
}

/// An Ingress, a Deployment and a claim, and all that they name.
const NAMING: &str = r#"
[resource.entry]
apiVersion = "networking.k8s.io/v1"
kind = "Ingress"
[resource.entry.spec]
ingressClassName = "{prefix}-class"
defaultBackend.service = { name = "front", port.number = 80 }
tls = [{ hosts = ["{prefix}.example.com"], secretName = "tls" }]

[resource.web]
apiVersion = "apps/v1"
kind = "Deployment"
[resource.web.spec]
replicas = 0
selector.matchLabels = { app = "web" }
template.metadata.labels = { app = "web" }
[resource.web.spec.template.spec]
serviceAccountName = "robot"
imagePullSecrets = [{ name = "pull" }]
containers = [{ name = "main", image = "web:1", envFrom = [{ secretRef = { name = "settings" } }] }]

[resource.data]
apiVersion = "v1"
kind = "PersistentVolumeClaim"
spec = { accessModes = ["ReadWriteOnce"], storageClassName = "{prefix}-fast", resources.requests.storage = "1Gi" }
"#;

/// The namespaced objects that are named, and the others.
const NAMED: &str = r#"[
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tls", "namespace": "{ns}"}},
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pull", "namespace": "{ns}"}},
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "settings", "namespace": "{ns}"}},
    {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot", "namespace": "{ns}"}},
    {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "{prefix}-class"},
     "spec": {"controller": "example.com/none"}},
    {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "{prefix}-fast"},
     "provisioner": "example.com/none"}
]"#;

/// What is missing without them, at each resource, in the order of the plan's fields.
const MISSING: [(&str, &[&str]); 3] = [
    (
        "resource.entry",
        &["spec.ingressClassName: IngressClass {prefix}-class", "spec.tls[0].secretName: Secret {ns}/tls"],
    ),
    (
        "resource.web",
        &[
            "spec.template.spec.containers[main].envFrom[0].secretRef.name: Secret {ns}/settings",
            "spec.template.spec.imagePullSecrets[pull].name: Secret {ns}/pull",
            "spec.template.spec.serviceAccountName: ServiceAccount {ns}/robot",
        ],
    ),
    ("resource.data", &["spec.storageClassName: StorageClass {prefix}-fast"]),
];

fn named(ns: &Namespace) -> Vec<Value> {
    serde_json::from_str(&ns.fill(NAMED)).unwrap()
}

fn naming(ns: &Namespace) -> Project<'_> {
    ns.project().write("regplan.toml", &format!("{HEAD}{NAMING}"))
}

/// What is said to be missing, with the resource that names it.
fn missing(plan: &Value) -> Vec<String> {
    let of_change = |change: &Value| {
        let warnings = change["warnings"].as_array().unwrap().clone();
        let address = change["address"].as_str().unwrap().to_owned();
        warnings.into_iter().map(move |warning| format!("{address} {}", warning.as_str().unwrap()))
    };
    let mut found: Vec<String> =
        changes(plan).iter().flat_map(of_change).filter(|warning| warning.ends_with("is missing")).collect();
    found.sort();
    found
}

fn plan(project: &Project<'_>, kubeconfig: &Path) -> Value {
    let plan =
        project.regplan(["plan", "--format=json"]).args(["--kubeconfig", kubeconfig.to_str().unwrap()]);
    let plan = plan.run().success().json();
    assert_eq!(plan["errors"], json!([]), "{plan:#}");
    plan
}

/// All that is missing, but for what is of these kinds.
fn expected(ns: &Namespace, but: &[&str]) -> Vec<String> {
    let lines = MISSING.iter().flat_map(|(address, lines)| lines.iter().map(move |line| (address, line)));
    let kept = lines.filter(|(_, line)| !but.iter().any(|kind| line.contains(&format!(" {kind} "))));
    let mut lines: Vec<String> =
        kept.map(|(address, line)| ns.fill(&format!("{address} {line} is missing"))).collect();
    lines.sort();
    lines
}

fn what_is_missing_is_a_warning_where_it_is_named() {
    let ns = Namespace::new();
    let project = naming(&ns);
    let found = plan(&project, ns.cluster().kubeconfig());
    assert_eq!(missing(&found), expected(&ns, &[]));
    project.run(["plan"]).success().stdout_contains(&ns.fill("Secret {ns}/tls is missing"));
    // It is a warning: an apply may come first, and what it needs later.
    assert_eq!(found["summary"]["add"], 3);
}

fn what_is_there_is_no_warning() {
    let ns = Namespace::new();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": named(&ns)});
    ns.apply(&list.to_string());
    let project = naming(&ns);
    let found = plan(&project, ns.cluster().kubeconfig());
    assert_eq!(missing(&found), [""; 0]);
    // Who is to serve the class is said as well.
    let served =
        ns.fill("IngressClass {prefix}-class is served by example.com/none, of which nothing is known");
    assert!(found["notes"].to_string().contains(&served), "{}", found["notes"]);
    project.run(["plan"]).success().stdout_contains(&ns.fill("Note: IngressClass {prefix}-class is"));
    clean_up(&ns);
}

fn what_the_plan_makes_is_no_warning() {
    let ns = Namespace::new();
    let manifest = "\n[manifest.named]\npath = \"named.json\"\n";
    let list = json!({"apiVersion": "v1", "kind": "List", "items": named(&ns)});
    let project = ns
        .project()
        .write("regplan.toml", &format!("{HEAD}{NAMING}{manifest}"))
        .write("named.json", &list.to_string());
    assert_eq!(missing(&plan(&project, ns.cluster().kubeconfig())), [""; 0]);
    // A plan of one of them makes what it needs as well.
    let plan = project.run(["plan", "--format=json", "--target=resource.web"]).success().json();
    assert_eq!(missing(&plan), [""; 0]);
}

/// A failed read never means that something is not there.
fn what_cannot_be_read_may_be_there() {
    let ns = Namespace::new();
    let read = |group: &str, resources: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": ["get", "list"]});
    let rules = json!([
        read("", &["persistentvolumeclaims", "serviceaccounts"]),
        read("apps", &["deployments"]),
        read("networking.k8s.io", &["ingresses"]),
    ]);
    let narrow = ns.account("narrow", &rules);
    let found = plan(&naming(&ns), &narrow);
    assert_eq!(missing(&found), expected(&ns, &["Secret", "IngressClass", "StorageClass"]));
}

fn what_may_be_missing_is_no_warning() {
    let ns = Namespace::new();
    let project = naming(&ns);
    project.edit("regplan.toml", "name = \"settings\"", "name = \"settings\", optional = true");
    project.edit("regplan.toml", "serviceAccountName = \"robot\"", "serviceAccountName = \"default\"");
    project.edit("regplan.toml", "ingressClassName = \"{prefix}-class\"\n", "");
    let found = missing(&plan(&project, ns.cluster().kubeconfig())).join("\n");
    for absent in ["settings", "ServiceAccount", "IngressClass"] {
        assert!(!found.contains(absent), "{found}");
    }
    assert!(found.contains("Secret"), "{found}");
}

/// The account `default` is made with its namespace.
fn what_every_namespace_has_is_no_warning() {
    let ns = Namespace::absent();
    let space = "\n[resource.space]\napiVersion = \"v1\"\nkind = \"Namespace\"\nmetadata.name = \"{ns}\"\n";
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{space}{NAMING}"));
    project.edit("regplan.toml", "serviceAccountName = \"robot\"", "serviceAccountName = \"default\"");
    assert_eq!(missing(&plan(&project, ns.cluster().kubeconfig())), expected(&ns, &["ServiceAccount"]));
}

fn clean_up(ns: &Namespace) {
    ns.clean_up("ingressclass/{prefix}-class");
    ns.clean_up("storageclass/{prefix}-fast");
}
