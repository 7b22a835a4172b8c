//! The way through an ingress controller: an Ingress with the limits that pushes need, and what sends plain HTTP on.

use serde_json::{Value, json};

use super::{after_pods, annotate, lets_in};
use crate::blocks::draft::Draft;
use crate::blocks::types::registry::common::{Registry, path};
use crate::blocks::types::registry::options::Ingress;
use crate::blocks::types::registry::serving::Serving;
use crate::kubernetes::class_controllers::{About, Limits, Redirect};
use crate::resource::Identity;

/// The Ingress, and what sends plain HTTP on to HTTPS where the controller needs objects for that.
pub(super) fn objects(registry: &Registry<'_>, options: &Ingress) -> Vec<Draft> {
    let redirect = registry.redirect.as_ref();
    let redirect = redirect.map(|redirect| redirected(registry, redirect));
    redirect.into_iter().flatten().chain([ingress(registry, options)]).collect()
}

/// The Ingress that leads to the registry.
fn ingress(registry: &Registry<'_>, options: &Ingress) -> Draft {
    let backend =
        json!({"service": {"name": registry.spec.name, "port": {"name": registry.spec.port_name()}}});
    let mut spec = json!({
        "rules": [{
            "host": registry.spec.host(),
            "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
        }],
    });
    if let Some(class) = &options.class {
        spec["ingressClassName"] = Value::from(class.as_str());
    }
    if let Some(secret) = registry.spec.tls_secret() {
        spec["tls"] = json!([{"hosts": registry.spec.hosts(), "secretName": secret}]);
    }
    let mut draft = registry.draft(json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": registry.metadata(&registry.spec.name),
        "spec": spec,
    }));
    draft = registry.from(draft, path(&["spec"]), &["ingress"]);
    draft = registry.from(draft, path(&["spec", "rules"]), &["host"]);
    if options.class.is_some() {
        draft = registry.set_by(draft, path(&["spec", "ingressClassName"]), &["ingress", "class"]);
    }
    if registry.spec.options.tls.is_some() {
        draft = registry.from(draft, path(&["spec", "tls"]), &["tls", "secret"]);
    }
    for (key, value, keys) in controller_annotations(registry, options) {
        let at = path(&["metadata", "annotations", key]);
        at.set(&mut draft.object, Value::from(value));
        draft = registry.from(draft, at, keys);
    }
    lets_in(registry, annotate(registry, draft, "ingress", &options.annotations))
}

/// The objects by which the controller sends plain HTTP on. They lead nowhere else.
fn redirected(registry: &Registry<'_>, redirect: &Redirect) -> [Draft; 2] {
    let name = registry.spec.suffixed("redirect");
    let object = |kind: &str, spec: Value| {
        let object = registry.draft(json!({
            "apiVersion": redirect.api_version(),
            "kind": kind,
            "metadata": registry.metadata(&name),
            "spec": spec,
        }));
        registry.from(object, path(&["spec"]), &["tls"])
    };
    let rule = object(redirect.rule, (redirect.rule_spec)());
    let mut route = object(redirect.route, (redirect.route_spec)(registry.spec.host(), &name));
    let identity =
        Identity::namespaced(redirect.group, redirect.rule, registry.spec.namespace.as_str(), &name);
    route.depends_on.push(rule.addressing.address(&registry.block.address, &identity));
    [rule, after_pods(registry, route)]
}

/// The annotations by which the controller learns the limits: annotation, value, the key that it comes from.
fn controller_annotations(
    registry: &Registry<'_>,
    options: &Ingress,
) -> Vec<(&'static str, String, &'static [&'static str])> {
    let limits = Limits {
        body_size: &options.body_size,
        read: options.timeouts.read,
        send: options.timeouts.send,
        with_tls: registry.spec.options.tls.is_some(),
    };
    let controller = registry.serving.and_then(Serving::controller);
    let annotations = controller.map_or_else(Vec::new, |controller| controller.annotations(limits));
    let from = |about| -> &'static [&'static str] {
        match about {
            About::Body => &["ingress", "body_size"],
            About::Read => &["ingress", "timeouts", "read"],
            About::Send => &["ingress", "timeouts", "send"],
            About::Encryption => &["tls"],
            About::Controller => &["ingress", "controller"],
        }
    };
    annotations.into_iter().map(|(key, value, about)| (key, value, from(about))).collect()
}
