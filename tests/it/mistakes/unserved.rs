//! Kinds that the server does not serve: whether it does has nothing to do with their namespace.

use crate::harness::{MANIFESTS, Namespace, changes};

tests! {
    an_unserved_kind_is_an_error_in_a_new_namespace_too,
    an_unserved_kind_is_an_error_beside_a_value_that_is_not_known_yet,
    a_kind_that_this_plan_defines_is_no_mistake,
}

/// What the plan says of a manifest with this object in a namespace that it makes.
fn plan_in_new_namespace(ns: &Namespace, api_version: &str, kind: &str) -> String {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: { name: \"{ns}\" }\n---\n";
    let object =
        format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{ name: x, namespace: \"{{ns}}\" }}\n");
    let project =
        ns.project().write("regplan.toml", MANIFESTS).write("all.yaml", &(namespace.to_owned() + &object));
    project
        .run(["plan", "--detailed-exitcode"])
        .code(1)
        .stdout()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

fn an_unserved_kind_is_an_error_in_a_new_namespace_too() {
    let ns = Namespace::absent();
    let cases = [
        ("apps/v1", "Deploiment", "did you mean `kind: Deployment`?"),
        ("v1", "Deployment", "did you mean `apiVersion: apps/v1`?"),
        (
            "extensions/v1beta1",
            "Ingress",
            "removed in Kubernetes 1.22; use `apiVersion: networking.k8s.io/v1`",
        ),
        (
            "autoscaling/v2beta2",
            "HorizontalPodAutoscaler",
            "removed in Kubernetes 1.26; use `apiVersion: autoscaling/v2`",
        ),
        ("policy/v1beta1", "PodSecurityPolicy", "removed in Kubernetes 1.25; use Pod Security Admission"),
        ("widgets.example.com/v1", "Widget", "is its CustomResourceDefinition installed?"),
    ];
    for (api_version, kind, help) in cases {
        let said = plan_in_new_namespace(&ns, api_version, kind);
        assert!(said.contains(help), "{api_version} {kind}: {said}");
        assert!(!said.contains("is created by this plan as well"), "{said}");
    }
}

fn an_unserved_kind_is_an_error_beside_a_value_that_is_not_known_yet() {
    let ns = Namespace::new();
    let project = ns.project().write(
        "regplan.toml",
        r#"
[project]
name = "{project}"

[cluster]
namespace = "{ns}"

[resource.a]
apiVersion = "v1"
kind = "Service"
spec.ports = [{ port = 80 }]

[resource.b]
apiVersion = "apps/v1"
kind = "Deploiment"
spec.address = "${resource.a.spec.clusterIP}"
"#,
    );
    project.run(["plan"]).code(1).stdout_contains("did you mean `kind: Deployment`?");
}

fn a_kind_that_this_plan_defines_is_no_mistake() {
    let ns = Namespace::absent();
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: { name: \"{ns}\" }\n---\n";
    let mirror = "---\napiVersion: \"{prefix}.example.com/v1\"\nkind: Mirror\nmetadata: { name: m, namespace: \"{ns}\" }\n";
    let definition = crate::harness::mirror_definition("Namespaced");
    let project = ns
        .project()
        .write("regplan.toml", MANIFESTS)
        .write("all.yaml", &format!("{namespace}{}{mirror}", definition.trim_start()));
    let plan = project.run(["plan", "--format=json"]).success().json();
    assert_eq!(changes(&plan).len(), 3, "{plan}");
}
