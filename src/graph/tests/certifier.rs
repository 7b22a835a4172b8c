//! What cert-manager takes waits for the webhook of a cert-manager that comes with it.

use super::*;

/// A configuration that has a webhook of this name asked about the objects of cert-manager.
fn configuration(at: &str, webhook: &str) -> Desired {
    let rules = json!([{"apiGroups": ["cert-manager.io", "acme.cert-manager.io"], "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"], "resources": ["*/*"]}]);
    let service = json!({"service": {"name": "webhook", "namespace": "ns", "path": "/validate"}});
    let webhooks = json!([{"name": webhook, "clientConfig": service, "rules": rules}]);
    let kind = "ValidatingWebhookConfiguration";
    resource(at, "admissionregistration.k8s.io/v1", kind, json!({"webhooks": webhooks}))
}

/// What a chart of cert-manager brings for its webhook.
fn chart() -> Vec<Desired> {
    let selector = json!({"spec": {"selector": {"app": "webhook"}}});
    vec![
        configuration(CONFIGURATION, "webhook.cert-manager.io"),
        resource("chart.cm/Service/webhook", "v1", "Service", selector),
        deployment("chart.cm/Deployment/webhook", json!({"app": "webhook"}), json!({})),
    ]
}

const CONFIGURATION: &str = "chart.cm/ValidatingWebhookConfiguration/any";

fn issuer(at: &str) -> Desired {
    resource(at, "cert-manager.io/v1", "Issuer", json!({"spec": {"selfSigned": {}}}))
}

fn certificate(at: &str) -> Desired {
    let spec = json!({"secretName": "c", "issuerRef": {"name": "someone"}});
    resource(at, "cert-manager.io/v1", "Certificate", json!({"spec": spec}))
}

/// Whether the first waits for the second, directly or not.
fn waits(graph: &Graph, first: &str, second: &str) -> bool {
    graph.closure_of(&[address(first)]).unwrap().contains(&address(second))
}

#[test]
fn issuers_and_certificates_wait_until_the_webhook_is_asked() {
    let mut all = chart();
    let challenge = resource("resource.challenge", "acme.cert-manager.io/v1", "Challenge", json!({}));
    all.extend([issuer("issuer.own"), certificate("resource.c"), challenge, config_map("resource.map")]);
    let graph = build(all);
    for one in ["issuer.own", "resource.c", "resource.challenge"] {
        assert!(waits(&graph, one, CONFIGURATION), "{one}: {:#?}", edges(&graph));
        assert!(waits(&graph, one, "chart.cm/Deployment/webhook"), "{one}: {:#?}", edges(&graph));
    }
    assert!(!waits(&graph, "resource.map", CONFIGURATION), "{:#?}", edges(&graph));
    assert!(graph.yielded().is_empty());
}

#[test]
fn nothing_waits_for_a_cert_manager_that_does_not_come_with_it() {
    // The webhook of a companion is about other objects.
    let companion = configuration(
        "chart.policy/ValidatingWebhookConfiguration/cert-manager-policy",
        "policy.cert-manager.io",
    );
    let graph = build(vec![issuer("issuer.own"), certificate("resource.c"), companion]);
    assert!(edges(&graph).is_empty(), "{:#?}", edges(&graph));
}

#[test]
fn an_issuer_in_the_chart_itself_waits_too() {
    let graph = build(chart().into_iter().chain([issuer("chart.cm/Issuer/extra")]).collect());
    assert!(waits(&graph, "chart.cm/Issuer/extra", CONFIGURATION), "{:#?}", edges(&graph));
    assert!(graph.yielded().is_empty());
}

/// The certificate of an ingress controller waits, and its pods do not. Nothing waits where the configuration says otherwise.
#[test]
fn a_controller_whose_certificate_is_made_comes_in_no_circle() {
    let controller = || {
        let volumes = json!({"volumes": [{"name": "tls", "secret": {"secretName": "c"}}]});
        [
            certificate("chart.edge/Certificate/c"),
            deployment("chart.edge/Deployment/edge", json!({}), volumes),
        ]
    };
    let graph = build(chart().into_iter().chain(controller()).collect());
    assert!(waits(&graph, "chart.edge/Certificate/c", CONFIGURATION), "{:#?}", edges(&graph));
    assert!(!waits(&graph, "chart.edge/Deployment/edge", CONFIGURATION), "{:#?}", edges(&graph));
    assert!(graph.yielded().is_empty());

    let first = |one| after(one, &[("chart.edge", 1)]);
    let graph = build(chart().into_iter().map(first).chain(controller()).collect());
    assert!(waits(&graph, CONFIGURATION, "chart.edge/Certificate/c"), "{:#?}", edges(&graph));
    assert!(!waits(&graph, "chart.edge/Certificate/c", CONFIGURATION), "{:#?}", edges(&graph));
}
