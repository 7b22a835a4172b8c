//! The objects of a registry, but for its Deployment.

use serde_json::{Value, json};

use super::config_yml::PORT;
use super::options::{Controller, Ingress};
use super::site::{HTPASSWD_KEY, HTTP_KEY, Site, Users, merge, password_need};
use crate::blocks::draft::{Draft, span_of};
use crate::blocks::facts::Text;
use crate::blocks::secrets::lost;
use crate::diagnostic::Diagnostic;
use crate::resource::FieldPath;

fn path(keys: &[&str]) -> FieldPath {
    FieldPath::keys(keys.iter().copied())
}

/// An account of its own, without rights and without a token in the pod.
pub(super) fn service_account(site: &Site<'_>) -> Draft {
    site.draft(json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": site.metadata(&site.name),
        "automountServiceAccountToken": false,
    }))
}

/// `config.yml`.
pub(super) fn config_map(site: &Site<'_>) -> Draft {
    site.draft(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": site.metadata(&site.name),
        "data": {"config.yml": site.config_yml()},
    }))
}

/// What nobody may see: the users, what uploads are signed with, generated passwords.
pub(super) fn secrets(site: &Site<'_>, mistakes: &mut Vec<Diagnostic>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    if let Some(text) = site.htpasswd() {
        let key: &[&str] = if site.users == Users::File { &["auth", "htpasswd"] } else { &["auth", "users"] };
        drafts.push(secret(site, "htpasswd", &[(HTPASSWD_KEY, text, key)], mistakes));
    }
    let http = site.http_secret();
    drafts.push(secret(site, "http", &[(HTTP_KEY, http, &["http", "secret"])], mistakes));
    let users: Vec<_> = site.generated_users().collect();
    if !users.is_empty() {
        let keys: Vec<_> = users.iter().map(|user| ["auth", "users", user.name.as_str()]).collect();
        let entries: Vec<_> = users
            .iter()
            .zip(&keys)
            .map(|(user, keys)| (user.name.as_str(), site.facts.text(&password_need(user)), keys.as_slice()))
            .collect();
        drafts.push(secret(site, "users", &entries, mistakes));
    }
    drafts
}

fn secret(
    site: &Site<'_>,
    suffix: &str,
    entries: &[(&str, Text, &[&str])],
    mistakes: &mut Vec<Diagnostic>,
) -> Draft {
    let mut draft = site.draft(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": site.metadata(&site.suffixed(suffix)),
        "type": "Opaque",
    }));
    for (key, text, keys) in entries {
        if let Text::Lost(reason) = text {
            let span = span_of(site.block, keys.iter().copied());
            let address = site.secret_address(suffix);
            mistakes.push(lost(&site.key(keys), reason, &address).at(span, ""));
        }
        draft = draft.secret(path(&["stringData", key]), text);
        draft = site.from(draft, path(&["stringData", key]), keys);
    }
    draft
}

/// The claim to the volume.
pub(super) fn claim(site: &Site<'_>) -> Draft {
    let volume = &site.options.storage.volume;
    let mut spec = json!({
        "accessModes": [volume.access_mode.name()],
        "resources": {"requests": {"storage": volume.size}},
    });
    if let Some(class) = &volume.class {
        spec["storageClassName"] = Value::from(class.as_str());
    }
    let draft = site.draft(json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": site.metadata(&site.name),
        "spec": spec,
    }));
    let draft = site.from(draft, path(&["spec"]), &["storage", "volume"]);
    let draft = site.from(draft, path(&["spec", "accessModes"]), &["storage", "volume", "access_mode"]);
    let draft = site.set_by(
        draft,
        path(&["spec", "resources", "requests", "storage"]),
        &["storage", "volume", "size"],
    );
    match volume.class {
        Some(_) => site.set_by(draft, path(&["spec", "storageClassName"]), &["storage", "volume", "class"]),
        None => draft,
    }
}

/// The registry's address within the cluster.
pub(super) fn service(site: &Site<'_>) -> Draft {
    site.draft(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": site.metadata(&site.name),
        "spec": {
            "type": "ClusterIP",
            "selector": site.selector(),
            "ports": [{"name": "http", "port": PORT, "protocol": "TCP", "targetPort": "http"}],
        },
    }))
}

/// The way in from outside the cluster.
pub(super) fn ingress(site: &Site<'_>) -> Option<Draft> {
    let options = site.options.ingress.as_ref()?;
    let mut metadata = site.metadata(&site.name);
    let mut annotations = metadata.get_mut("annotations").map_or_else(|| json!({}), Value::take);
    for (key, value, _) in controller_annotations(options) {
        annotations[key] = Value::from(value);
    }
    merge(&mut annotations, &options.annotations);
    if annotations.as_object().is_some_and(|map| !map.is_empty()) {
        metadata["annotations"] = annotations;
    }
    let host = &site.options.host;
    let backend = json!({"service": {"name": site.name, "port": {"name": "http"}}});
    let mut spec = json!({
        "rules": [{
            "host": host,
            "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
        }],
    });
    if let Some(class) = &options.class {
        spec["ingressClassName"] = Value::from(class.as_str());
    }
    if let Some(tls) = &site.options.tls {
        spec["tls"] = json!([{"hosts": [host], "secretName": tls.secret}]);
    }
    let mut draft = site.draft(json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata,
        "spec": spec,
    }));
    draft = site.from(draft, path(&["spec"]), &["ingress"]);
    draft = site.from(draft, path(&["spec", "rules"]), &["host"]);
    if options.class.is_some() {
        draft = site.set_by(draft, path(&["spec", "ingressClassName"]), &["ingress", "class"]);
    }
    if site.options.tls.is_some() {
        draft = site.from(draft, path(&["spec", "tls"]), &["tls", "secret"]);
    }
    for (key, _, keys) in controller_annotations(options) {
        draft = site.from(draft, path(&["metadata", "annotations", key]), keys);
    }
    for key in options.annotations.keys() {
        let keys = ["ingress", "annotations", key];
        draft = site.set_by(draft, path(&["metadata", "annotations", key]), &keys);
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
pub(super) fn budget(site: &Site<'_>) -> Option<Draft> {
    if site.options.replicas < 2 {
        return None;
    }
    Some(site.draft(json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": site.metadata(&site.name),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": site.selector()}},
    })))
}
