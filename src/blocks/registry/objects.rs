//! The objects of a registry, but for its Deployment.

use serde_json::{Value, json};

use super::config_yml::PORT;
use super::options::{Controller, Ingress};
use super::spec::{HTPASSWD_KEY, HTTP_KEY, RegistrySpec, Users, merge, password_need};
use crate::blocks::draft::{Draft, span_of};
use crate::blocks::facts::Text;
use crate::blocks::secrets::lost;
use crate::diagnostic::Diagnostic;
use crate::resource::FieldPath;

fn path(keys: &[&str]) -> FieldPath {
    FieldPath::keys(keys.iter().copied())
}

/// An account of its own, without rights and without a token in the pod.
pub(super) fn service_account(registry: &RegistrySpec<'_>) -> Draft {
    registry.draft(json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": registry.metadata(&registry.name),
        "automountServiceAccountToken": false,
    }))
}

/// `config.yml`.
pub(super) fn config_map(registry: &RegistrySpec<'_>) -> Draft {
    registry.draft(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": registry.metadata(&registry.name),
        "data": {"config.yml": registry.config_yml()},
    }))
}

/// What nobody may see: the users, what uploads are signed with, generated passwords.
pub(super) fn secrets(registry: &RegistrySpec<'_>, mistakes: &mut Vec<Diagnostic>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    if let Some(text) = registry.htpasswd() {
        let key: &[&str] =
            if registry.users == Users::File { &["auth", "htpasswd"] } else { &["auth", "users"] };
        drafts.push(secret(registry, "htpasswd", &[(HTPASSWD_KEY, text, key)], mistakes));
    }
    let http = registry.http_secret();
    drafts.push(secret(registry, "http", &[(HTTP_KEY, http, &["http", "secret"])], mistakes));
    let users: Vec<_> = registry.generated_users().collect();
    if !users.is_empty() {
        let keys: Vec<_> = users.iter().map(|user| ["auth", "users", user.name.as_str()]).collect();
        let entries: Vec<_> = users
            .iter()
            .zip(&keys)
            .map(|(user, keys)| {
                (user.name.as_str(), registry.facts.text(&password_need(user)), keys.as_slice())
            })
            .collect();
        drafts.push(secret(registry, "users", &entries, mistakes));
    }
    drafts
}

fn secret(
    registry: &RegistrySpec<'_>,
    suffix: &str,
    entries: &[(&str, Text, &[&str])],
    mistakes: &mut Vec<Diagnostic>,
) -> Draft {
    let mut draft = registry.draft(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": registry.metadata(&registry.suffixed(suffix)),
        "type": "Opaque",
    }));
    for (key, text, keys) in entries {
        if let Text::Lost(reason) = text {
            let span = span_of(registry.block, keys.iter().copied());
            let address = registry.secret_address(suffix);
            mistakes.push(lost(&registry.key(keys), reason, &address).at(span, ""));
        }
        draft = draft.secret(path(&["stringData", key]), text);
        draft = registry.from(draft, path(&["stringData", key]), keys);
    }
    draft
}

/// The claim to the volume.
pub(super) fn claim(registry: &RegistrySpec<'_>) -> Draft {
    let volume = &registry.options.storage.volume;
    let mut spec = json!({
        "accessModes": [volume.access_mode.name()],
        "resources": {"requests": {"storage": volume.size}},
    });
    if let Some(class) = &volume.class {
        spec["storageClassName"] = Value::from(class.as_str());
    }
    let draft = registry.draft(json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": registry.metadata(&registry.name),
        "spec": spec,
    }));
    let draft = registry.from(draft, path(&["spec"]), &["storage", "volume"]);
    let draft = registry.from(draft, path(&["spec", "accessModes"]), &["storage", "volume", "access_mode"]);
    let draft = registry.set_by(
        draft,
        path(&["spec", "resources", "requests", "storage"]),
        &["storage", "volume", "size"],
    );
    match volume.class {
        Some(_) => {
            registry.set_by(draft, path(&["spec", "storageClassName"]), &["storage", "volume", "class"])
        }
        None => draft,
    }
}

/// The registry's address within the cluster.
pub(super) fn service(registry: &RegistrySpec<'_>) -> Draft {
    registry.draft(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": registry.metadata(&registry.name),
        "spec": {
            "type": "ClusterIP",
            "selector": registry.selector(),
            "ports": [{"name": "http", "port": PORT, "protocol": "TCP", "targetPort": "http"}],
        },
    }))
}

/// The way in from outside the cluster.
pub(super) fn ingress(registry: &RegistrySpec<'_>) -> Option<Draft> {
    let options = registry.options.ingress.as_ref()?;
    let mut metadata = registry.metadata(&registry.name);
    let mut annotations = metadata.get_mut("annotations").map_or_else(|| json!({}), Value::take);
    for (key, value, _) in controller_annotations(options) {
        annotations[key] = Value::from(value);
    }
    merge(&mut annotations, &options.annotations);
    if annotations.as_object().is_some_and(|map| !map.is_empty()) {
        metadata["annotations"] = annotations;
    }
    let host = &registry.options.host;
    let backend = json!({"service": {"name": registry.name, "port": {"name": "http"}}});
    let mut spec = json!({
        "rules": [{
            "host": host,
            "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
        }],
    });
    if let Some(class) = &options.class {
        spec["ingressClassName"] = Value::from(class.as_str());
    }
    if let Some(tls) = &registry.options.tls {
        spec["tls"] = json!([{"hosts": [host], "secretName": tls.secret}]);
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
    if registry.options.tls.is_some() {
        draft = registry.from(draft, path(&["spec", "tls"]), &["tls", "secret"]);
    }
    for (key, _, keys) in controller_annotations(options) {
        draft = registry.from(draft, path(&["metadata", "annotations", key]), keys);
    }
    for key in options.annotations.keys() {
        let keys = ["ingress", "annotations", key];
        draft = registry.set_by(draft, path(&["metadata", "annotations", key]), &keys);
    }
    Some(draft)
}

/// The limits in the words of the controller: annotation, value, the key that it comes from.
fn controller_annotations(options: &Ingress) -> Vec<(&'static str, String, &'static [&'static str])> {
    const BODY: &[&str] = &["ingress", "body_size"];
    const READ: &[&str] = &["ingress", "timeouts", "read"];
    const SEND: &[&str] = &["ingress", "timeouts", "send"];
    const CONTROLLER: &[&str] = &["ingress", "controller"];
    let (read, send) = (options.timeouts.read, options.timeouts.send);
    let mut annotations = Vec::new();
    if options.controller != Controller::Other {
        annotations.extend([
            ("nginx.ingress.kubernetes.io/proxy-body-size", options.body_size.clone(), BODY),
            ("nginx.ingress.kubernetes.io/proxy-read-timeout", read.to_string(), READ),
            ("nginx.ingress.kubernetes.io/proxy-send-timeout", send.to_string(), SEND),
            // A layer goes on to the registry while it comes in, instead of filling the controller's disk.
            ("nginx.ingress.kubernetes.io/proxy-request-buffering", "off".to_owned(), CONTROLLER),
        ]);
    }
    if options.controller == Controller::F5Nginx {
        annotations.extend([
            ("nginx.org/client-max-body-size", options.body_size.clone(), BODY),
            ("nginx.org/proxy-read-timeout", format!("{read}s"), READ),
            ("nginx.org/proxy-send-timeout", format!("{send}s"), SEND),
        ]);
    }
    annotations
}

/// With several pods, a node that is emptied never takes the last one away.
pub(super) fn budget(registry: &RegistrySpec<'_>) -> Option<Draft> {
    if registry.options.replicas < 2 {
        return None;
    }
    Some(registry.draft(json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": registry.metadata(&registry.name),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": registry.selector()}},
    })))
}
