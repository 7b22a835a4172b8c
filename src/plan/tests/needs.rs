//! What desired objects name and nobody makes.

use serde_json::{Value, json};

use super::world::*;
use crate::kubernetes::certifier::CertifierLack;
use crate::plan::Plan;

fn ingress() -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "i", "namespace": "a"},
        "spec": {"ingressClassName": "nginx", "tls": [{"secretName": "tls"}]}})
}

fn pod() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a"},
        "spec": {"serviceAccountName": "robot", "imagePullSecrets": [{"name": "pull"}], "containers": []}})
}

fn secret(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "a"}})
}

fn warnings(plan: &Plan) -> Vec<&str> {
    plan.changes.iter().flat_map(|change| &change.warnings).map(String::as_str).collect()
}

#[test]
fn what_is_neither_there_nor_made_is_a_warning() {
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "d", "namespace": "a"}, "spec": {"storageClassName": "fast"}});
    let route = json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {"name": "r", "namespace": "a"},
        "spec": {"parentRefs": [{"name": "public", "namespace": "edge"}]}});
    let resources =
        vec![desired("i", ingress()), desired("p", pod()), desired("d", claim), desired("r", route)];
    let plan = World::default().plan(input(resources));
    let said = warnings(&plan).join("\n");
    for named in [
        "IngressClass nginx",
        "Secret a/tls",
        "ServiceAccount a/robot",
        "Secret a/pull",
        "StorageClass fast",
        "Gateway.gateway.networking.k8s.io edge/public",
    ] {
        assert!(said.contains(named), "{named}: {said}");
    }
    assert_eq!(warnings(&plan).len(), 6, "{said}");
}

#[test]
fn what_is_there_or_made_or_cannot_be_read_is_none() {
    let class =
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"}});
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot", "namespace": "a"}});
    let mut world = World::default().with(class).with(secret("tls"));
    world.forbidden = vec![crate::resource::Identity::namespaced("", "Secret", "a", "pull")];
    let plan = world.plan(input(vec![desired("r", account), desired("i", ingress()), desired("p", pod())]));
    assert!(warnings(&plan).is_empty(), "{:?}", warnings(&plan));
}

#[test]
fn what_cert_manager_lacks_is_told_once_unless_the_plan_brings_it() {
    let certificate = |name: &str| {
        json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate",
            "metadata": {"name": name, "namespace": "a"}, "spec": {"secretName": name}})
    };
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "certificates.cert-manager.io"}, "spec": {"group": "cert-manager.io"}});
    let mut world =
        World { certifier: [("a".to_owned(), CertifierLack::Validation)].into(), ..World::default() };
    let both = || vec![desired("c", certificate("c")), desired("d", certificate("d"))];
    let plan = world.plan(input(both()));
    assert_eq!(warnings(&plan).len(), 1, "{:?}", warnings(&plan));
    assert!(warnings(&plan)[0].contains("lets a bad request through"), "{:?}", warnings(&plan));
    let plan = world.plan(input(both().into_iter().chain([desired("crd", definition)]).collect()));
    assert!(warnings(&plan).is_empty(), "{:?}", warnings(&plan));
}

#[test]
fn what_a_controller_makes_of_this_plan_is_none() {
    let certificate = json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate",
        "metadata": {"name": "c", "namespace": "a"}, "spec": {"secretName": "tls"}});
    let class =
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"}});
    let mut world = World::default().with(class);
    let plan = world.plan(input(vec![desired("c", certificate), desired("i", ingress())]));
    assert!(warnings(&plan).is_empty(), "{:?}", warnings(&plan));
}

#[test]
fn what_an_unchanged_resource_names_is_not_asked_for() {
    let live = marked(ingress(), "resource.i");
    let mut world = World::default().with(live.clone());
    let plan = world.plan(with_known(input(vec![desired("i", ingress())]), &address("resource.i"), &live));
    assert!(warnings(&plan).is_empty(), "{:?}", warnings(&plan));
}

#[test]
fn a_class_that_nobody_serves_is_a_warning() {
    let class = |controller: &str| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"},
               "spec": {"controller": controller}})
    };
    let service = |namespace: &str| {
        json!({"apiVersion": "v1", "kind": "Service",
               "metadata": {"name": "ingress-nginx-controller", "namespace": namespace}})
    };
    let said = |world: World, more: Vec<Value>| {
        let mut world = world.with(secret("tls"));
        let more = more.into_iter().map(|object| desired("more", object));
        let plan = world.plan(input(std::iter::once(desired("i", ingress())).chain(more).collect()));
        let notes = plan.notes.iter().map(|note| format!("Note: {note}"));
        notes.chain(warnings(&plan).into_iter().map(str::to_owned)).collect::<Vec<_>>().join("; ")
    };
    let known = || World::default().with(class("k8s.io/ingress-nginx"));
    let absent = said(known(), vec![]);
    assert_eq!(
        absent,
        "spec.ingressClassName: IngressClass nginx is there, but ingress-nginx, which serves it, is in none of its usual \
         places (Service ingress-nginx/ingress-nginx-controller, Service kube-system/ingress-nginx-controller); unless it \
         runs elsewhere, nobody is let in"
    );
    assert_eq!(
        said(known().with(service("kube-system")), vec![]),
        "Note: IngressClass nginx is served by ingress-nginx, at Service kube-system/ingress-nginx-controller"
    );
    assert_eq!(said(known(), vec![service("ingress-nginx")]), "", "this plan makes it");
    let mut hidden = known();
    hidden.forbidden =
        vec![crate::resource::Identity::namespaced("", "Service", "kube-system", "ingress-nginx-controller")];
    assert_eq!(
        said(hidden, vec![]),
        "Note: IngressClass nginx is served by ingress-nginx; whether that is there may not be read"
    );
    assert_eq!(
        said(World::default().with(class("example.com/edge")), vec![]),
        "Note: IngressClass nginx is served by example.com/edge, of which nothing is known here: whether it runs was not \
         looked for"
    );
}

#[test]
fn a_class_of_gateways_tells_who_has_accepted_it() {
    let gateway = json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
        "metadata": {"name": "g", "namespace": "a"}, "spec": {"gatewayClassName": "edge"}});
    let said = |controller: &str, accepted: &str| {
        let class = json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass",
            "metadata": {"name": "edge"}, "spec": {"controllerName": controller},
            "status": {"conditions": [{"type": "Accepted", "status": accepted}]}});
        let plan = World::default().with(class).plan(input(vec![desired("g", gateway.clone())]));
        (plan.notes.join("; "), warnings(&plan).len())
    };
    let accepted =
        "GatewayClass.gateway.networking.k8s.io edge is served by example.com/edge, which has accepted it";
    assert_eq!(said("example.com/edge", "True"), (accepted.to_owned(), 0));
    assert_eq!(said("projectcontour.io/gateway-controller", "Unknown"), (String::new(), 1));
}
