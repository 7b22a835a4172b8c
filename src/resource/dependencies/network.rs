//! How programs are reached: Ingress, the Gateway API, webhooks and aggregated API servers.

use serde_json::Value;

use super::facility::{Facility, Strength};
use super::walk::{Found, SECRET, SERVICE};
use crate::resource::{GATEWAY_GROUP, Identity};

pub(super) fn requires(identity: &Identity, found: &mut Found<'_>) {
    match (identity.group.as_str(), identity.kind.as_str()) {
        ("networking.k8s.io", "Ingress") => ingress(found),
        ("networking.k8s.io", "IngressClass") => {
            found.typed("spec.parameters", "apiGroup", None, Strength::Useful);
        }
        (GATEWAY_GROUP, "HTTPRoute" | "GRPCRoute" | "TLSRoute" | "TCPRoute" | "UDPRoute") => {
            found.typed("spec.parentRefs.*", "group", Some((GATEWAY_GROUP, "Gateway")), Strength::Running);
            found.typed("spec.rules.*.backendRefs.*", "group", Some(SERVICE), Strength::Useful);
        }
        (GATEWAY_GROUP, "Gateway") => {
            found.global("spec.gatewayClassName", (GATEWAY_GROUP, "GatewayClass"), Strength::Running);
            let certificates = "spec.listeners.*.tls.certificateRefs.*";
            found.typed(certificates, "group", Some(SECRET), Strength::Running);
        }
        (GATEWAY_GROUP, "GatewayClass") => {
            found.typed("spec.parametersRef", "group", None, Strength::Running);
        }
        (
            "admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration",
        ) => backing("webhooks.*.clientConfig.service", true, Strength::Useful, found),
        ("apiregistration.k8s.io", "APIService") => {
            backing("spec.service", true, Strength::Running, found);
        }
        // Only the Service: the program behind it is often the CRD's own controller, which does not
        // start before the CRD is there.
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            backing("spec.conversion.webhook.clientConfig.service", false, Strength::Useful, found);
        }
        _ => {}
    }
}

/// Whether the object leads requests from outside the cluster to programs in it.
pub fn leads_in(identity: &Identity, object: &Value) -> bool {
    match (identity.group.as_str(), identity.kind.as_str()) {
        ("networking.k8s.io", "Ingress") => true,
        (GATEWAY_GROUP, kind) => kind.ends_with("Route"),
        ("", "Service") => {
            let kind = object.pointer("/spec/type").and_then(Value::as_str);
            let addresses = object.pointer("/spec/externalIPs").and_then(Value::as_array);
            matches!(kind, Some("LoadBalancer" | "NodePort"))
                || addresses.is_some_and(|list| !list.is_empty())
        }
        _ => false,
    }
}

fn ingress(found: &mut Found<'_>) {
    found.global("spec.ingressClassName", ("networking.k8s.io", "IngressClass"), Strength::Running);
    found.local("spec.tls.*.secretName", SECRET, Strength::Useful);
    for backend in ["spec.defaultBackend", "spec.rules.*.http.paths.*.backend"] {
        found.local(&format!("{backend}.service.name"), SERVICE, Strength::Useful);
        found.typed(&format!("{backend}.resource"), "apiGroup", None, Strength::Useful);
    }
}

/// A Service that the API server calls.
fn backing(pattern: &str, through: bool, strength: Strength, found: &mut Found<'_>) {
    found.each(pattern, |found, place| {
        let (Some(namespace), Some(name)) = (place.get("namespace"), place.get("name")) else { return };
        let service = Identity::namespaced(SERVICE.0, SERVICE.1, namespace, name);
        let path = place.path().key("name");
        if through {
            found.push_through(path, service, strength);
        } else {
            found.push(path, Facility::Object(service), strength);
        }
    });
}
