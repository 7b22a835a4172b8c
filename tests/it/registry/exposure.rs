//! The ways by which a registry is reached: in which order they come, and what is waited for.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{registry, with_keys};
use crate::harness::{Namespace, OwnCluster, Project, wait_until};

tests! {
    a_load_balancer_tells_that_it_waits_and_is_used_by_its_address,
    a_node_port_is_chosen_once_and_may_become_another_way,
    a_gateway_and_its_routes_are_ready_when_their_controller_says_so,
    a_gateway_that_nobody_answers_for_ends_the_wait,
    a_listener_that_takes_passwords_in_clear_stops_no_drift_and_no_destroy,
    the_class_in_the_cluster_tells_which_controller_serves_an_ingress,
    a_class_that_may_not_be_read_is_known_by_its_name,
    classes_that_cannot_be_read_in_passing_are_told_with_the_reason,
    nothing_is_said_of_an_ingress_that_no_target_needs,
}

/// A Secret as an authority would fill it.
const CERTIFICATE: &str = r#"
{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "registry-tls"}, "type": "kubernetes.io/tls",
 "stringData": {"tls.crt": "certificate", "tls.key": "key"}}"#;

/// A project with this way.
fn project<'n>(ns: &'n Namespace, keys: &str) -> Project<'n> {
    ns.apply(CERTIFICATE);
    registry(ns, &with_keys(&format!("tls.secret = \"registry-tls\"\n{keys}")))
}

fn a_load_balancer_tells_that_it_waits_and_is_used_by_its_address() {
    let ns = Namespace::new();
    let project = project(&ns, "load_balancer.source_ranges = [\"10.0.0.0/8\"]");
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("the load balancer has no address yet");
    apply.until("give it a pool of them (MetalLB)").until("in a registry, `node_port`");
    // Only now that the pods are ready is it there at all.
    assert_eq!(ns.field("deployment/registry", "/status/readyReplicas"), 1);
    let service = ns.field("service/registry-external", "/spec");
    assert_eq!(service["ports"][0]["targetPort"], "https", "{service}");
    ns.patch_status(
        "service/registry-external",
        &json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}),
    );
    apply.wait().success();
    project.expect_settled();
}

fn a_node_port_is_chosen_once_and_may_become_another_way() {
    let ns = Namespace::new();
    let project = project(&ns, "node_port = {}");
    project.apply();
    let port = ns.field("service/registry-external", "/spec/ports/0/nodePort");
    project.edit("regplan.toml", "node_port = {}", "node_port.annotations = { a = \"b\" }");
    project.apply();
    assert_eq!(ns.field("service/registry-external", "/spec/ports/0/nodePort"), port);
    assert_eq!(ns.field("service/registry-external", "/metadata/annotations/a"), "b");
    project.expect_settled();
    // The pods speak plain HTTP again behind an Ingress, and the other way is gone before they do.
    project.edit("regplan.toml", "node_port.annotations = { a = \"b\" }", "ingress.class = \"contour\"");
    // Nobody but this project has written the port whose name changes.
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("spec.ports[http]").stdout_lacks("conflict").stdout_lacks("ignore_changes");
    project.apply();
    assert!(ns.find("service/registry-external").is_none());
    let pod = ns.field("deployment/registry", "/spec/template/spec/containers/0/ports/0/name");
    assert_eq!(pod, "http");
    assert_eq!(ns.field("service/registry", "/spec/ports/0/targetPort"), "http");
    project.expect_settled();
    project.edit("regplan.toml", "tls.secret = \"registry-tls\"\n", "");
    project.edit("regplan.toml", "ingress.class = \"contour\"", "load_balancer = {}");
    project.run(["validate"]).code(1).stderr_contains("plain HTTP").stderr_contains("tls.issuer");
}

/// The definitions of the Gateway API belong to the whole cluster, so this test has one of its own.
fn a_gateway_and_its_routes_are_ready_when_their_controller_says_so() {
    let cluster = OwnCluster::with_gateway_api();
    let ns = Namespace::on(&cluster);
    // The test answers in the place of a controller, which takes its time.
    let project = project(&ns, "gateway.class = \"{prefix}-edge\"\nlifecycle.timeouts.ready = \"5m\"");
    let plan = project.run(["plan"]).success();
    plan.stdout_contains(&ns.fill("{prefix}-edge is missing"));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until(&ns.fill("if no controller runs that answers for the class {prefix}-edge"));
    assert!(ns.find("httproute/registry").is_none(), "a route waits for its Gateway");
    let gateway = "gateway.gateway.networking.k8s.io/registry";
    ns.patch_status(gateway, &json!({"conditions": conditions(&ns, gateway, &["Accepted", "Programmed"])}));
    for (name, listener) in [("registry-redirect", "http"), ("registry", "https")] {
        let route = format!("httproute/{name}");
        wait_until(&route, || ns.find(&route).is_some());
        let conditions = conditions(&ns, &route, &["Accepted", "ResolvedRefs"]);
        let parent = json!({"name": "registry", "sectionName": listener});
        let answer =
            json!({"parentRef": parent, "controllerName": "example.com/c", "conditions": conditions});
        ns.patch_status(&route, &json!({"parents": [answer]}));
    }
    apply.wait().success();
    project.expect_settled();
    assert_eq!(ns.field("httproute/registry", "/spec/rules/0/timeouts/request"), "0s");
    // A route that its Gateway no longer takes is no longer well.
    ns.patch_status("httproute/registry", &json!({"parents": []}));
    project.run(["plan"]).success().stdout_contains("has not looked at it yet");
}

/// These conditions as a controller writes them about the latest generation.
fn conditions(ns: &Namespace, target: &str, kinds: &[&str]) -> Value {
    let generation = ns.field(target, "/metadata/generation");
    let conditions = kinds.iter().map(|kind| {
        json!({"type": kind, "status": "True", "reason": kind, "message": "", "observedGeneration": generation,
               "lastTransitionTime": "2026-01-01T00:00:00Z"})
    });
    Value::Array(conditions.collect())
}

/// The class is missing, and then it is there and no controller runs. The first one has a registry, whose pods are no controller.
fn a_gateway_that_nobody_answers_for_ends_the_wait() {
    let cluster = OwnCluster::with_gateway_api();
    let missing = Namespace::on(&cluster);
    let first = project(&missing, "gateway.class = \"{prefix}-edge\"");
    let unserved = Namespace::on(&cluster);
    let class = "\n[resource.class]\napiVersion = \"gateway.networking.k8s.io/v1\"\nkind = \"GatewayClass\"\n\
                 metadata.name = \"{prefix}-edge\"\nspec.controllerName = \"example.com/edge\"\n";
    let second = project(&unserved, "gateway.class = \"{prefix}-edge\"");
    second.edit("regplan.toml", "[registry.main]", &format!("{class}\n[registry.main]"));
    let began = Instant::now();
    let (first, second) = (
        first.regplan(["apply", "--auto-approve"]).spawn(),
        second.regplan(["apply", "--auto-approve"]).spawn(),
    );
    let class = "GatewayClass.gateway.networking.k8s.io {prefix}-edge";
    let ended = first.wait().code(1);
    ended
        .stderr_contains("does not become ready")
        .stderr_contains(&missing.fill(&format!("{class} is missing")))
        .stderr_contains("say in `lifecycle.timeouts` how long to wait for it");
    let ended = second.wait().code(1);
    ended.stderr_contains(&unserved.fill(&format!("no controller has accepted {class}")));
    assert!(began.elapsed() < Duration::from_mins(1), "it does not wait for ten minutes");
}

/// Somebody else has changed the Gateway since the apply.
fn a_listener_that_takes_passwords_in_clear_stops_no_drift_and_no_destroy() {
    let cluster = OwnCluster::with_gateway_api();
    let ns = Namespace::on(&cluster);
    ns.apply(&gateway("HTTPS"));
    let keys = "gateway = { name = \"edge\", listener = \"main\" }\n\
                lifecycle.ready = { \"HTTPRoute/registry\" = \"written\" }";
    let project = registry(&ns, &with_keys(keys));
    project.apply();
    ns.apply(&gateway("HTTP"));
    let refused = project.run(["apply", "--auto-approve"]).code(1);
    refused.stderr_contains("the listener `main` of Gateway").stderr_contains("plain-listener");
    project.run(["drift"]).success();
    ns.delete("httproute/registry");
    project.run(["drift"]).code(2).stdout_contains("HTTPRoute.gateway.networking.k8s.io/registry");
    project.run(["destroy", "--auto-approve"]).success();
    assert!(ns.find("deployment/registry").is_none());
}

/// A Gateway of others whose listener `main` speaks this protocol.
fn gateway(protocol: &str) -> String {
    let mut listener = json!({"name": "main", "port": 8443, "protocol": protocol});
    if protocol == "HTTPS" {
        listener["tls"] = json!({"certificateRefs": [{"name": "edge"}]});
    }
    let gateway = json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "edge"},
        "spec": {"gatewayClassName": "edge", "listeners": [listener]},
    });
    gateway.to_string()
}

/// The default class belongs to the whole cluster, so this test has one of its own.
fn the_class_in_the_cluster_tells_which_controller_serves_an_ingress() {
    let cluster = OwnCluster::take();
    let ns = Namespace::on(&cluster);
    let project = project(&ns, "ingress = {}");
    project.run(["plan"]).success().stderr_contains("the cluster has no default class");
    ns.apply(&class("edge", "projectcontour.io/ingress-controller"));
    project.run(["plan"]).success().stderr_lacks("default class");
    project.apply();
    let timeout = "/metadata/annotations/projectcontour.io~1response-timeout";
    assert_eq!(ns.field("ingress/registry", timeout), "infinity");
    project.expect_settled();
    // The server has given this class to the Ingress, which keeps it when another one is the default one.
    assert_eq!(ns.field("ingress/registry", "/spec/ingressClassName"), ns.fill("{prefix}-edge"));
    ns.apply(&class("other", "traefik.io/ingress-controller"));
    project.expect_settled();
    project.edit(
        "regplan.toml",
        "ingress = {}",
        "ingress = { class = \"{prefix}-edge\", controller = \"haproxy\" }",
    );
    project.run(["plan"]).success().stderr_contains("is served by Contour");
    // The next test finds no default class.
    ns.delete("ingressclass/{prefix}-edge").delete("ingressclass/{prefix}-other");
    cluster.give_back();
}

/// An ingress class, which is the default one, of this controller.
fn class(name: &str, controller: &str) -> String {
    let annotations = json!({"ingressclass.kubernetes.io/is-default-class": "true"});
    let class = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
        "metadata": {"name": format!("{{prefix}}-{name}"), "annotations": annotations},
        "spec": {"controller": controller},
    });
    class.to_string()
}

/// As without a cluster, and with a word about it.
fn a_class_that_may_not_be_read_is_known_by_its_name() {
    let ns = Namespace::new();
    let project = project(&ns, "ingress.class = \"contour\"");
    project.apply();
    let rules = json!([
        {"apiGroups": [""], "verbs": ["get", "list"],
         "resources": ["secrets", "services", "configmaps", "serviceaccounts", "persistentvolumeclaims"]},
        {"apiGroups": ["apps", "networking.k8s.io"], "verbs": ["get", "list"], "resources": ["deployments", "ingresses"]},
    ]);
    let narrow = ns.account("narrow", &rules);
    let args = ["--kubeconfig", narrow.to_str().unwrap()];
    let plan = project.run(["plan", "--detailed-exitcode"].into_iter().chain(args)).success();
    plan.stderr_contains(
        "the ingress classes cannot be listed: no permission to read them, so nobody knows here",
    )
    .stderr_contains("it is taken for Contour")
    .stderr_contains("let this run list `ingressclasses`")
    .stderr_contains("`ingress.controller = \"contour\"`");
}

/// The plan is the same as before where the name of the class tells the same.
fn classes_that_cannot_be_read_in_passing_are_told_with_the_reason() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project(&ns, "ingress.class = \"contour\"").through(&proxy);
    project.apply().stderr_lacks("nobody knows here");
    proxy.on("list", "ingressclasses.networking.k8s.io").answer(500);
    let plan = project.run(["plan", "--detailed-exitcode"]).success();
    plan.stderr_contains("the ingress classes cannot be listed: ")
        .stderr_contains("500")
        .stderr_contains("plan again if that passes by itself");
    project.edit(
        "regplan.toml",
        "ingress.class = \"contour\"",
        "ingress = { class = \"contour\", controller = \"contour\" }",
    );
    project.run(["plan", "--detailed-exitcode"]).success().stderr_lacks("nobody knows here");
    proxy.clear_faults();
    project.run(["plan", "--detailed-exitcode"]).success().stderr_lacks("nobody knows here");
}

/// The list of classes is not asked for, so what it would have told is not known, and nobody wants to know it.
fn nothing_is_said_of_an_ingress_that_no_target_needs() {
    let aside = "\n[resource.aside]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\nmetadata.namespace = \"{ns}\"\ndata.k = \"a\"\n";
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project =
        registry(&ns, &(with_keys("tls.secret = \"registry-tls\"\ningress = {}") + aside)).through(&proxy);
    let plan = project.run(["plan", "--target", "resource.aside"]).success();
    plan.stdout_contains("+ resource.aside").stderr_lacks("class").stderr_lacks("controller");
    assert_eq!(proxy.count("list", "ingressclasses.networking.k8s.io"), 0, "{}", proxy.log());
    project.run(["plan", "--target", "registry.main"]).success().stderr_contains("no default class");
}
