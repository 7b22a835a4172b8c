//! The way through an ingress controller: an Ingress with the limits that pushes need.

use serde_json::{Value, json};

use super::{annotate, lets_in};
use crate::blocks::draft::Draft;
use crate::blocks::types::registry::common::{Registry, path};
use crate::blocks::types::registry::options::Ingress;
use crate::blocks::types::registry::serving::Serving;
use crate::kubernetes::class_controllers::{About, Limits};

/// The Ingress.
pub(super) fn object(registry: &Registry<'_>, options: &Ingress) -> Draft {
    let host = registry.spec.host();
    let backend =
        json!({"service": {"name": registry.spec.name, "port": {"name": registry.spec.port_name()}}});
    let mut spec = json!({
        "rules": [{
            "host": host,
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
