//! How the registry is reached: its Service, and its Ingress with the limits that pushes need.
//!
//! Another way to be reached has its keys in `options/exposure.rs`, its objects here, and what no schema can say
//! of them in `rules.rs`.

use serde_json::{Value, json};

use super::certificate;
use super::common::{Registry, merge, path};
use super::config_yml::PORT;
use super::options::Ingress;
use super::record;
use crate::blocks::draft::Draft;
use crate::blocks::ingress_controllers::{About, Limits};

/// The objects by which the registry is reached.
pub(super) fn objects(registry: &Registry<'_>) -> Vec<Draft> {
    let mut drafts = vec![service(registry)];
    drafts.extend(ingress(registry));
    drafts
}

/// How it is reached within the cluster.
fn service(registry: &Registry<'_>) -> Draft {
    registry.draft(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": registry.metadata(&registry.spec.name),
        "spec": {
            "type": "ClusterIP",
            "selector": registry.selector(),
            "ports": [{"name": "http", "port": PORT, "protocol": "TCP", "targetPort": "http"}],
        },
    }))
}

/// How it is reached from outside the cluster, where the block has `ingress`.
fn ingress(registry: &Registry<'_>) -> Option<Draft> {
    let options = registry.spec.options.ingress.as_ref()?;
    let mut metadata = registry.metadata(&registry.spec.name);
    let mut annotations = metadata.get_mut("annotations").map_or_else(|| json!({}), Value::take);
    for (key, value, _) in controller_annotations(registry, options) {
        annotations[key] = Value::from(value);
    }
    let asking = record::annotations(registry);
    for (key, value) in &asking {
        annotations[key] = Value::from(value.as_str());
    }
    merge(&mut annotations, &options.annotations);
    if annotations.as_object().is_some_and(|map| !map.is_empty()) {
        metadata["annotations"] = annotations;
    }
    let host = registry.spec.host();
    let backend = json!({"service": {"name": registry.spec.name, "port": {"name": "http"}}});
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
        let names = registry.spec.options.tls.iter().flat_map(|tls| &tls.names);
        let hosts: Vec<&str> = [host].into_iter().chain(names.map(String::as_str)).collect();
        spec["tls"] = json!([{"hosts": hosts, "secretName": secret}]);
    }
    let mut draft = registry.draft(json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata,
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
    for (key, _, keys) in controller_annotations(registry, options) {
        draft = registry.from(draft, path(&["metadata", "annotations", key]), keys);
    }
    for (key, _) in &asking {
        draft = registry.from(draft, path(&["metadata", "annotations", key]), &["dns"]);
    }
    for key in options.annotations.keys() {
        let keys = ["ingress", "annotations", key];
        draft = registry.set_by(draft, path(&["metadata", "annotations", key]), &keys);
    }
    // Nobody is to reach the registry while something else than its own certificate answers. Where only the Ingress tells
    // to which address the name leads, it comes before both.
    if !record::waits_for_ingress(registry) {
        draft.depends_on.extend(certificate::address(registry));
    }
    Some(draft)
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
    let annotations = options.controller().map_or_else(Vec::new, |controller| controller.annotations(limits));
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
