//! The way through a Gateway: routes, and the Gateway where it is made for this registry.
//! Source: <https://gateway-api.sigs.k8s.io/reference/spec/>

use serde_json::{Value, json};

use super::{annotate, lets_in};
use crate::blocks::draft::Draft;
use crate::blocks::types::registry::common::{Registry, path};
use crate::blocks::types::registry::options::Gateway;
use crate::blocks::types::registry::record;
use crate::resource::GATEWAY_GROUP;

const API_VERSION: &str = "gateway.networking.k8s.io/v1";
/// All versions of the Gateway API serve this kind in it.
const GRANT_VERSION: &str = "gateway.networking.k8s.io/v1beta1";
/// The listener of a Gateway for plain HTTP.
const HTTP: &str = "http";
/// The listener of a Gateway that ends TLS.
const HTTPS: &str = "https";

/// The Gateway where the block names its class, and the routes.
pub(super) fn objects(registry: &Registry<'_>, options: &Gateway) -> Vec<Draft> {
    let is_made = options.class.is_some();
    let made = is_made.then(|| gateway(registry, options));
    let grant = is_made.then(|| grant(registry, options)).flatten();
    let redirect = redirected_listener(registry, options).map(|from| redirect(registry, options, from));
    made.into_iter().chain(grant).chain(redirect).chain([route(registry, options)]).collect()
}

/// The listener through which the registry is reached.
fn listener<'a>(registry: &Registry<'_>, options: &'a Gateway) -> &'a str {
    match &options.class {
        Some(_) if registry.spec.options.tls.is_none() => HTTP,
        Some(_) => HTTPS,
        None => options.listener(),
    }
}

/// The listener whose requests are sent on to HTTPS.
fn redirected_listener<'a>(registry: &Registry<'_>, options: &'a Gateway) -> Option<&'a str> {
    match &options.class {
        Some(_) => registry.spec.options.tls.is_some().then_some(HTTP),
        None => options.redirect_from.as_deref(),
    }
}

fn gateway(registry: &Registry<'_>, options: &Gateway) -> Draft {
    let identity = registry.spec.gateway(options);
    let namespace = identity.namespace.clone().unwrap_or_default();
    let is_elsewhere = namespace != registry.spec.namespace;
    let allowed = if is_elsewhere {
        let labels = json!({"kubernetes.io/metadata.name": registry.spec.namespace});
        json!({"namespaces": {"from": "Selector", "selector": {"matchLabels": labels}}})
    } else {
        json!({"namespaces": {"from": "Same"}})
    };
    let ports = options.ports.unwrap_or_default();
    let mut listeners =
        vec![json!({"name": HTTP, "port": ports.http, "protocol": "HTTP", "allowedRoutes": allowed})];
    if let Some(secret) = registry.spec.tls_secret() {
        let mut certificate = json!({"name": secret});
        if is_elsewhere {
            certificate["namespace"] = Value::from(registry.spec.namespace.as_str());
        }
        listeners.push(json!({
            "name": HTTPS,
            "port": ports.https,
            "protocol": "HTTPS",
            "allowedRoutes": allowed,
            "tls": {"mode": "Terminate", "certificateRefs": [certificate]},
        }));
    }
    let mut metadata = registry.metadata(&identity.name);
    metadata["namespace"] = Value::from(namespace);
    let draft = registry.draft(json!({
        "apiVersion": API_VERSION,
        "kind": "Gateway",
        "metadata": metadata,
        "spec": {"gatewayClassName": options.class, "listeners": listeners},
    }));
    let draft = registry.from(draft, path(&["metadata", "name"]), &["gateway", "name"]);
    let draft = registry.from(draft, path(&["metadata", "namespace"]), &["gateway", "namespace"]);
    let draft = registry.from(draft, path(&["spec"]), &["gateway"]);
    let mut draft = registry.set_by(draft, path(&["spec", "gatewayClassName"]), &["gateway", "class"]);
    draft.ready = record::ready_gateway(registry);
    annotate(registry, draft, "gateway", &options.annotations)
}

/// That a Gateway of another namespace may use the registry's certificate.
fn grant(registry: &Registry<'_>, options: &Gateway) -> Option<Draft> {
    let secret = registry.spec.tls_secret()?;
    let gateway = registry.spec.gateway(options);
    let namespace = gateway.namespace.filter(|namespace| *namespace != registry.spec.namespace)?;
    let draft = registry.draft(json!({
        "apiVersion": GRANT_VERSION,
        "kind": "ReferenceGrant",
        "metadata": registry.metadata(&registry.spec.name),
        "spec": {
            "from": [{"group": GATEWAY_GROUP, "kind": "Gateway", "namespace": namespace}],
            "to": [{"group": "", "kind": "Secret", "name": secret}],
        },
    }));
    Some(registry.from(draft, path(&["spec"]), &["gateway", "namespace"]))
}

/// The route to the registry.
fn route(registry: &Registry<'_>, options: &Gateway) -> Draft {
    let rule = json!({
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "backendRefs": [{"name": registry.spec.name, "port": registry.spec.service_port()}],
        // Without it, implementations end a request after some seconds.
        "timeouts": {"request": "0s"},
    });
    lets_in(
        registry,
        of_gateway(registry, options, &registry.spec.route_name(), listener(registry, options), &rule),
    )
}

/// Sends requests that come in plain HTTP on to HTTPS.
fn redirect(registry: &Registry<'_>, options: &Gateway, from: &str) -> Draft {
    let redirect = json!({"scheme": "https", "statusCode": 301});
    let rule = json!({
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "filters": [{"type": "RequestRedirect", "requestRedirect": redirect}],
    });
    of_gateway(registry, options, &registry.spec.suffixed("redirect"), from, &rule)
}

/// A route from a listener of the Gateway.
fn of_gateway(registry: &Registry<'_>, options: &Gateway, name: &str, listener: &str, rule: &Value) -> Draft {
    let gateway = registry.spec.gateway(options);
    // Its own namespace is named too: a controller that compares names alone would take the route for a Gateway of the same name
    // elsewhere.
    let parent = json!({"name": gateway.name, "namespace": gateway.namespace, "sectionName": listener});
    let draft = registry.draft(json!({
        "apiVersion": API_VERSION,
        "kind": "HTTPRoute",
        "metadata": registry.metadata(name),
        "spec": {"parentRefs": [parent], "hostnames": registry.spec.hosts(), "rules": [rule]},
    }));
    let draft = registry.from(draft, path(&["spec"]), &["gateway"]);
    registry.from(draft, path(&["spec", "hostnames"]), &["host"])
}
