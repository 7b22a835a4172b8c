use serde_json::{Value, json};

use super::*;
use crate::diagnostic::{SourceId, Span};
use crate::resource::{Address, Desired, Expression, FieldPath, Identity, LiveReference, Origin, Reference};

mod admission;
mod certifier;
mod deletes;
mod hooks;
mod mistakes;
mod properties;
mod scale;

pub(super) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn span(start: usize) -> Span {
    Span { source: SourceId(0), start, end: start + 1 }
}

/// An object of a kind in the namespace `ns`, named like the last part of its address.
#[expect(clippy::needless_pass_by_value, reason = "`json!` stands at the call")]
fn resource(at: &str, api_version: &str, kind: &str, rest: Value) -> Desired {
    let address = address(at);
    let name = address.object.as_ref().map_or(&address.block.name, |object| &object.name);
    let mut object =
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "ns"}});
    for (key, value) in rest.as_object().unwrap().clone() {
        object[key] = value;
    }
    if kind == "Namespace" || kind == "CustomResourceDefinition" || kind.ends_with("WebhookConfiguration") {
        object["metadata"].as_object_mut().unwrap().remove("namespace");
    }
    Desired::new(address, object).unwrap()
}

pub(super) fn config_map(at: &str) -> Desired {
    resource(at, "v1", "ConfigMap", json!({}))
}

#[expect(clippy::needless_pass_by_value, reason = "`json!` stands at the call")]
fn deployment(at: &str, labels: Value, spec: Value) -> Desired {
    let template = json!({"metadata": {"labels": labels}, "spec": spec});
    resource(at, "apps/v1", "Deployment", json!({"spec": {"template": template}}))
}

pub(super) fn after(mut desired: Desired, others: &[(&str, usize)]) -> Desired {
    desired.depends_on.extend(others.iter().map(|(other, at)| (address(other), Some(span(*at)))));
    desired
}

fn taking(mut desired: Desired, path: &str, text: &str, at: usize) -> Desired {
    let path: FieldPath = path.parse().unwrap();
    let mark = Reference::Live(LiveReference { text: text.into() }).mark();
    desired.unresolved.insert(path.clone(), Expression::parse(&mark).unwrap().unwrap());
    desired.origins.insert(path, Origin::of_key("key", Some(span(at))));
    desired
}

fn build(desired: Vec<Desired>) -> Graph {
    Graph::build(desired).unwrap()
}

fn edges(graph: &Graph) -> Vec<String> {
    graph.edges().map(|edge| format!("{} -> {}", edge.from, edge.to)).collect()
}

/// A registry's objects, as a block would make them, in no good order.
fn registry() -> Vec<Desired> {
    let spec = json!({
        "serviceAccountName": "registry",
        "containers": [{"name": "registry", "envFrom": [{"secretRef": {"name": "http"}}]}],
        "volumes": [{"name": "config", "configMap": {"name": "registry"}},
                    {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]});
    let backend = json!({"service": {"name": "registry"}});
    let m = |rest: &str| format!("registry.main/{rest}");
    vec![
        resource(
            &m("PodDisruptionBudget/registry"),
            "policy/v1",
            "PodDisruptionBudget",
            json!({"spec": {"selector": {"matchLabels": {"app": "registry"}}}}),
        ),
        resource(
            &m("Ingress/registry"),
            "networking.k8s.io/v1",
            "Ingress",
            json!({"spec": {
            "tls": [{"secretName": "tls"}], "defaultBackend": backend}}),
        ),
        deployment(&m("Deployment/registry"), json!({"app": "registry"}), spec),
        resource(&m("Service/registry"), "v1", "Service", json!({"spec": {"selector": {"app": "registry"}}})),
        resource(&m("ServiceAccount/registry"), "v1", "ServiceAccount", json!({})),
        config_map(&m("ConfigMap/registry")),
        resource(&m("Secret/http"), "v1", "Secret", json!({})),
        resource(&m("PersistentVolumeClaim/data"), "v1", "PersistentVolumeClaim", json!({})),
        resource("namespace.ns", "v1", "Namespace", json!({})),
        after(config_map("resource.notes"), &[("registry.main", 3)]),
        taking(config_map("resource.address"), "data.ip", "registry.main/Service/registry.spec.clusterIP", 5),
    ]
}

#[test]
fn a_registry_comes_up_in_the_right_order() {
    let graph = build(registry());
    let order: Vec<String> = graph.order().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(order.join("\n"), @r#"
    namespace.ns
    registry.main/ConfigMap/registry
    registry.main/PersistentVolumeClaim/data
    registry.main/Secret/http
    registry.main/Service/registry
    registry.main/Ingress/registry
    registry.main/ServiceAccount/registry
    registry.main/Deployment/registry
    registry.main/PodDisruptionBudget/registry
    resource.address
    resource.notes
    "#);
    let waits = graph.dependencies_of(&address("registry.main/Deployment/registry"));
    assert_eq!(waits.len(), 5);
    // The node that stands for the whole block is no answer.
    assert_eq!(graph.dependencies_of(&address("resource.notes")).len(), 9);
    let service = address("registry.main/Service/registry");
    let dependents: Vec<String> = graph.dependents_of(&service).iter().map(ToString::to_string).collect();
    assert_eq!(dependents, ["registry.main/Ingress/registry", "resource.address", "resource.notes"]);
}

#[test]
fn both_drawings_show_every_sort_of_edge() {
    let mut desired = registry();
    desired.retain(|one| !matches!(one.identity.kind.as_str(), "Ingress" | "Secret" | "ServiceAccount"));
    // It would wait for the Deployment, which by this waits for it.
    desired[1] = after(desired[1].clone(), &[("resource.\"odd<&>\"", 9)]);
    let mut odd = resource(
        "resource.x",
        "policy/v1",
        "PodDisruptionBudget",
        json!({"spec": {"selector": {"matchLabels": {"app": "registry"}}}}),
    );
    odd.address = address("resource.\"odd<&>\"");
    desired.push(odd);
    let graph = build(desired);
    assert_eq!(graph.yielded().len(), 1);
    insta::assert_snapshot!(dot(&graph), @r#"
    digraph regplan {
      rankdir = LR;
      node [shape = box];
      subgraph cluster_0 {
        label = "registry.main";
        "registry.main/ConfigMap/registry" [label = "ConfigMap/registry"];
        "registry.main/Deployment/registry" [label = "Deployment/registry"];
        "registry.main/PersistentVolumeClaim/data" [label = "PersistentVolumeClaim/data"];
        "registry.main/PodDisruptionBudget/registry" [label = "PodDisruptionBudget/registry"];
        "registry.main/Service/registry" [label = "Service/registry"];
      }
      "namespace.ns" [label = "namespace.ns"];
      "resource.\"odd<&>\"" [label = "resource.\"odd<&>\""];
      "resource.address" [label = "resource.address"];
      "resource.notes" [label = "resource.notes"];
      "registry.main" [label = "all of registry.main", shape = plaintext];
      "registry.main/ConfigMap/registry" -> "namespace.ns" [style = dashed];
      "registry.main/Deployment/registry" -> "registry.main/ConfigMap/registry" [style = dashed];
      "registry.main/Deployment/registry" -> "registry.main/PersistentVolumeClaim/data" [style = dashed];
      "registry.main/Deployment/registry" -> "resource.\"odd<&>\"" [style = bold];
      "registry.main/PersistentVolumeClaim/data" -> "namespace.ns" [style = dashed];
      "registry.main/PodDisruptionBudget/registry" -> "registry.main/Deployment/registry" [style = dashed];
      "registry.main/Service/registry" -> "namespace.ns" [style = dashed];
      "resource.\"odd<&>\"" -> "namespace.ns" [style = dashed];
      "resource.address" -> "registry.main/Service/registry";
      "resource.notes" -> "registry.main" [style = bold];
      "registry.main" -> "registry.main/PodDisruptionBudget/registry" [style = bold];
      "registry.main" -> "registry.main/Service/registry" [style = bold];
      "resource.\"odd<&>\"" -> "registry.main/Deployment/registry" [style = dotted, constraint = false, label = "yields"];
    }
    "#);
    insta::assert_snapshot!(mermaid(&graph), @r#"
    flowchart LR
      subgraph b0["registry.main"]
        n1["ConfigMap/registry"]
        n2["Deployment/registry"]
        n3["PersistentVolumeClaim/data"]
        n4["PodDisruptionBudget/registry"]
        n5["Service/registry"]
      end
      n0["namespace.ns"]
      n6["resource.#34;odd#60;#38;#62;#34;"]
      n7["resource.address"]
      n8["resource.notes"]
      n9(["all of registry.main"])
      n1 -.-> n0
      n2 -.-> n1
      n2 -.-> n3
      n2 ==> n6
      n3 -.-> n0
      n4 -.-> n2
      n5 -.-> n0
      n6 -.-> n0
      n7 --> n5
      n8 ==> n9
      n9 ==> n4
      n9 ==> n5
      n6 -. yields .-> n2
    "#);
}

#[test]
fn a_webhook_follows_the_pods_behind_its_service() {
    let hook =
        json!({"webhooks": [{"name": "a.b", "clientConfig": {"service": {"namespace": "ns", "name": "s"}}}]});
    let graph = build(vec![
        resource("resource.hook", "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", hook),
        resource("resource.s", "v1", "Service", json!({"spec": {"selector": {"app": "a", "tier": "b"}}})),
        deployment("resource.yes", json!({"app": "a", "tier": "b", "more": "c"}), json!({})),
        deployment("resource.no", json!({"app": "a"}), json!({})),
    ]);
    assert_eq!(edges(&graph), ["resource.hook -> resource.s", "resource.hook -> resource.yes"]);
    let behind = graph.edges().nth(1).unwrap().reasons;
    assert!(
        matches!(&behind[0], EdgeReason::Inferred { through: Some(s), .. } if *s == address("resource.s"))
    );
}

#[test]
fn a_budget_follows_what_its_whole_selector_means() {
    let selector = json!({"spec": {"selector": {"matchLabels": {"app": "a"}, "matchExpressions": [
        {"key": "tier", "operator": "In", "values": ["x", "y"]},
        {"key": "canary", "operator": "DoesNotExist"}]}}});
    let graph = build(vec![
        resource("resource.pdb", "policy/v1", "PodDisruptionBudget", selector),
        deployment("resource.yes", json!({"app": "a", "tier": "y"}), json!({})),
        deployment("resource.no-a", json!({"app": "a", "tier": "z"}), json!({})),
        deployment("resource.no-b", json!({"app": "a", "tier": "x", "canary": ""}), json!({})),
        deployment("resource.no-c", json!({"app": "b", "tier": "x"}), json!({})),
    ]);
    assert_eq!(edges(&graph), ["resource.pdb -> resource.yes"]);
}

#[test]
fn a_custom_resource_follows_its_definition() {
    let crd = json!({"spec": {"group": "example.com", "names": {"kind": "Widget"}}});
    let graph = build(vec![
        resource("manifest.a/Widget.example.com/w", "example.com/v1", "Widget", json!({})),
        resource(
            "manifest.b/CustomResourceDefinition/ws.example.com",
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            crd,
        ),
    ]);
    assert_eq!(graph.order()[0], address("manifest.b/CustomResourceDefinition/ws.example.com"));
}

#[test]
fn an_inferred_edge_yields_to_what_is_written() {
    let mounts = json!({"volumes": [{"name": "v", "configMap": {"name": "c"}}]});
    let graph = build(vec![
        deployment("resource.web", json!({}), mounts),
        after(config_map("resource.c"), &[("resource.web", 1)]),
    ]);
    assert_eq!(edges(&graph), ["resource.c -> resource.web"]);
    let [yielded] = graph.yielded() else { panic!("{:?}", graph.yielded()) };
    assert_eq!((&yielded.from, &yielded.to), (&address("resource.web"), &address("resource.c")));
}

#[test]
fn among_inferred_edges_the_weakest_yields() {
    // The server deletes a token without its account; an account works without its pull secret.
    let account = json!({"imagePullSecrets": [{"name": "token"}]});
    let mut token = resource("resource.token", "v1", "Secret", json!({}));
    token.object["metadata"]["annotations"] = json!({"kubernetes.io/service-account.name": "robot"});
    let graph = build(vec![resource("resource.robot", "v1", "ServiceAccount", account), token]);
    assert_eq!(edges(&graph), ["resource.token -> resource.robot"]);
    assert_eq!(graph.yielded()[0].from, address("resource.robot"));
}

#[test]
fn a_target_brings_what_it_needs_and_takes_what_needs_it() {
    let graph = build(registry());
    let closure = graph.closure_of(&[address("registry.main/Ingress/registry")]).unwrap();
    let closure: Vec<String> = closure.iter().map(ToString::to_string).collect();
    assert_eq!(closure, ["namespace.ns", "registry.main/Ingress/registry", "registry.main/Service/registry"]);
    assert_eq!(graph.closure_of(&[address("registry.main")]).unwrap().len(), 9);
    let above = graph.dependents_closure_of(&[address("registry.main/ConfigMap/registry")]).unwrap();
    let above: Vec<String> = above.iter().map(ToString::to_string).collect();
    assert_eq!(
        above,
        [
            "registry.main/ConfigMap/registry",
            "registry.main/Deployment/registry",
            "registry.main/PodDisruptionBudget/registry",
            "resource.notes"
        ]
    );
    let mistake = graph.closure_of(&[address("registry.man")]).unwrap_err();
    assert_eq!(mistake.to_string(), "there is no `registry.man` (did you mean `registry.main`?)");
}

#[test]
fn what_holds_others_goes_last() {
    let removed = |at: &str, identity: Identity, dependencies: &[&str]| RemovedResource {
        address: address(at),
        identity,
        dependencies: dependencies.iter().map(|other| address(other)).collect(),
    };
    let crd = Identity::cluster("apiextensions.k8s.io", "CustomResourceDefinition", "ws.example.com");
    let removed = [
        // Recorded the wrong way round, and a dependency that is not removed.
        removed("resource.ns", Identity::cluster("", "Namespace", "ns"), &["resource.cm", "resource.kept"]),
        removed("resource.crd", crd, &[]),
        removed(
            "resource.widget",
            Identity::namespaced("example.com", "Widget", "ns", "w"),
            &["resource.cm"],
        ),
        removed("resource.cm", Identity::namespaced("", "ConfigMap", "ns", "cm"), &[]),
    ];
    let mut queue = deletions(&removed, &[]).queue(Direction::Destroy);
    let mut gone = Vec::new();
    let mut ready = queue.ready();
    while let Some(next) = ready.pop() {
        ready.extend(queue.finish(&next));
        gone.push(next.to_string());
    }
    assert_eq!(gone, ["resource.widget", "resource.crd", "resource.cm", "resource.ns"]);
}
