//! The way through an ingress controller: an Ingress with the limits that pushes need, and what sends plain HTTP on.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{annotate, lets_in};
use crate::blocks::draft::Draft;
use crate::blocks::types::registry::common::{Registry, path};
use crate::blocks::types::registry::options::Ingress;
use crate::blocks::types::registry::serving::Serving;
use crate::kubernetes::class_controllers::{About, Limits, Redirect};
use crate::kubernetes::ingress_classes::CLASS_ANNOTATION;
use crate::resource::{Address, Identity};

/// The Ingress, and what sends plain HTTP on to HTTPS where the controller needs objects for that.
pub(super) fn objects(registry: &Registry<'_>, options: &Ingress) -> Vec<Draft> {
    let redirect = registry.redirect.as_ref();
    let redirect = redirect.map(|redirect| redirected(registry, options, redirect));
    redirect.into_iter().flatten().chain([ingress(registry, options)]).collect()
}

/// The Ingress that leads to the registry.
fn ingress(registry: &Registry<'_>, options: &Ingress) -> Draft {
    let mut draft = of_host(registry, options, &registry.spec.name);
    if let Some(secret) = registry.spec.tls_secret() {
        let tls = path(&["spec", "tls"]);
        tls.set(&mut draft.object, json!([{"hosts": registry.spec.hosts(), "secretName": secret}]));
        draft = registry.from(draft, tls, &["tls", "secret"]);
    }
    for (key, value, keys) in controller_annotations(registry, options) {
        let at = path(&["metadata", "annotations", key]);
        at.set(&mut draft.object, Value::from(value));
        draft = registry.from(draft, at, keys);
    }
    lets_in(registry, annotate(registry, draft, "ingress", &options.annotations))
}

/// The object by which the controller sends plain HTTP on, and the Ingress that names it. That leads to the registry too, as every
/// Ingress leads somewhere, and nobody is let in by it: where the object is missing, the controller does not serve it.
fn redirected(registry: &Registry<'_>, options: &Ingress, redirect: &Redirect) -> [Draft; 2] {
    let name = registry.spec.suffixed("redirect");
    let object = registry.draft(json!({
        "apiVersion": redirect.api_version(),
        "kind": redirect.kind,
        "metadata": registry.metadata(&name),
        "spec": (redirect.spec)(),
    }));
    let object = registry.from(object, path(&["spec"]), &["tls"]);
    let mut ingress = of_host(registry, options, &name);
    let identity =
        Identity::namespaced(redirect.group, redirect.kind, registry.spec.namespace.as_str(), &name);
    let address = Address::object(registry.block.address.clone(), &identity, Some(&registry.spec.namespace));
    ingress.depends_on.push(address);
    // It is of the same class, also where an annotation says that.
    if let Some(class) = options.annotations.get(CLASS_ANNOTATION) {
        let class = BTreeMap::from([(CLASS_ANNOTATION.to_owned(), class.clone())]);
        ingress = annotate(registry, ingress, "ingress", &class);
    }
    for (key, value) in (redirect.annotations)(&registry.spec.namespace, &name) {
        let at = path(&["metadata", "annotations", key]);
        at.set(&mut ingress.object, Value::from(value));
        ingress = registry.from(ingress, at, &["tls"]);
    }
    [object, ingress]
}

/// An Ingress of the registry's class and host.
fn of_host(registry: &Registry<'_>, options: &Ingress, name: &str) -> Draft {
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
    let mut draft = registry.draft(json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": registry.metadata(name),
        "spec": spec,
    }));
    draft = registry.from(draft, path(&["spec"]), &["ingress"]);
    draft = registry.from(draft, path(&["spec", "rules"]), &["host"]);
    if options.class.is_some() {
        draft = registry.set_by(draft, path(&["spec", "ingressClassName"]), &["ingress", "class"]);
    }
    draft
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
