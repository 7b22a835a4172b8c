//! The objects of a registry beside its Deployment and what exposes it: its account, configuration, Secrets, claim
//! and disruption budget.

use serde_json::{Value, json};

use super::common::{Registry, path};
use super::spec::{HTPASSWD_KEY, HTTP_KEY, UserSource, password_need};
use super::storage;
use crate::blocks::draft::{Draft, lost_value};
use crate::blocks::facts::SecretText;
use crate::blocks::keys::span_of;
use crate::diagnostic::Diagnostic;

/// An account of its own, without rights and without a token in the pod.
pub(super) fn service_account(registry: &Registry<'_>) -> Draft {
    registry.draft(json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": registry.metadata(&registry.spec.name),
        "automountServiceAccountToken": false,
    }))
}

/// `config.yml`.
pub(super) fn config_map(registry: &Registry<'_>) -> Draft {
    registry.draft(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": registry.metadata(&registry.spec.name),
        "data": {"config.yml": registry.config_yml()},
    }))
}

/// The Secrets: the users, what uploads are signed with, generated passwords, the keys of the object store.
pub(super) fn secrets(registry: &Registry<'_>, mistakes: &mut Vec<Diagnostic>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    if let Some(text) = registry.htpasswd() {
        let key: &[&str] =
            if registry.spec.users == UserSource::File { &["auth", "htpasswd"] } else { &["auth", "users"] };
        let mut draft = registry.secret("htpasswd");
        draft.put_htpasswd(path(&["stringData", HTPASSWD_KEY]), &text);
        drafts.push(registry.from(draft, path(&["stringData", HTPASSWD_KEY]), key));
    }
    let http = registry.http_secret();
    let key: &[&str] = &["http", "secret"];
    drafts.push(if registry.spec.generates_http_secret() {
        generated(registry, "http", &[(HTTP_KEY, http, key)], mistakes)
    } else {
        let mut draft = registry.secret("http");
        draft.put_secret(path(&["stringData", HTTP_KEY]), &http);
        registry.from(draft, path(&["stringData", HTTP_KEY]), key)
    });
    let users: Vec<_> = registry.spec.generated_users().collect();
    if !users.is_empty() {
        let keys: Vec<_> = users.iter().map(|user| ["auth", "users", user.name.as_str()]).collect();
        let entries: Vec<_> = users
            .iter()
            .zip(&keys)
            .map(|(user, keys)| {
                (user.name.as_str(), registry.facts.text(&password_need(user)), keys.as_slice())
            })
            .collect();
        drafts.push(generated(registry, "users", &entries, mistakes));
    }
    drafts.extend(storage::secret(registry));
    drafts
}

/// A Secret of generated texts: each entry is a key of its data, the text, and the key of the block that the text
/// belongs to.
fn generated(
    registry: &Registry<'_>,
    suffix: &str,
    entries: &[(&str, SecretText, &[&str])],
    mistakes: &mut Vec<Diagnostic>,
) -> Draft {
    let mut draft = registry.secret(suffix);
    for (key, text, keys) in entries {
        if let SecretText::Lost(reason) = text {
            let span = span_of(registry.block, keys.iter().copied());
            let address = registry.secret_address(suffix);
            mistakes.push(lost_value(&registry.key(keys), reason, &address).at(span, ""));
        }
        draft.put_generated(path(&["stringData", key]), text);
        draft = registry.from(draft, path(&["stringData", key]), keys);
    }
    draft
}

/// The claim for the volume; `None` where there is none.
pub(super) fn claim(registry: &Registry<'_>) -> Option<Draft> {
    let volume = registry.spec.volume()?;
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
        "metadata": registry.metadata(&registry.spec.name),
        "spec": spec,
    }));
    let draft = registry.from(draft, path(&["spec"]), &["storage", "volume"]);
    let draft = registry.from(draft, path(&["spec", "accessModes"]), &["storage", "volume", "access_mode"]);
    let draft = registry.set_by(
        draft,
        path(&["spec", "resources", "requests", "storage"]),
        &["storage", "volume", "size"],
    );
    Some(match volume.class {
        Some(_) => {
            registry.set_by(draft, path(&["spec", "storageClassName"]), &["storage", "volume", "class"])
        }
        None => draft,
    })
}

/// Where there are several pods: a node that is drained never takes the last one away.
pub(super) fn budget(registry: &Registry<'_>) -> Option<Draft> {
    if registry.spec.options.replicas < 2 {
        return None;
    }
    Some(registry.draft(json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": registry.metadata(&registry.spec.name),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": registry.selector()}},
    })))
}
