//! What of an object a user meant: without what the server, its defaults and the controllers have put in.

use serde_json::{Map, Value};

use crate::kubernetes::controlled::{chosen_in_an_export, take_out, written_by_controllers};
use crate::kubernetes::filled_in::is_filled_in;
use crate::kubernetes::leases::written_by_the_holder;
use crate::kubernetes::marks::{ADDRESS, KUBECTL_NOTE, LINEAGE, PROJECT, PROTECT, SENSITIVE};
use crate::kubernetes::server_fields::remove_server_fields;
use crate::resource::{FieldPath, Identity, is_builtin_group};

/// Maps that mean nothing when they are empty.
const EMPTY: &[&str] = &[
    "annotations",
    "creationTimestamp",
    "labels",
    "metadata",
    "resources",
    "rollingUpdate",
    "securityContext",
    "strategy",
    "updateStrategy",
];

/// The object as somebody would write it.
pub(super) fn cleaned(identity: &Identity, object: &Value) -> Value {
    let mut clean = object.clone();
    let chosen =
        written_by_controllers(identity, object).into_iter().chain(chosen_in_an_export(identity, object));
    for path in chosen.chain(written_by_the_holder(identity, object)).chain(notes()) {
        take_out(&mut clean, &path);
    }
    remove_server_fields(&mut clean);
    // The claims of a stateful set are whole objects.
    let claims = clean.pointer_mut("/spec/volumeClaimTemplates").and_then(Value::as_array_mut);
    claims.into_iter().flatten().for_each(remove_server_fields);
    if let Some(metadata) = clean.get_mut("metadata").and_then(Value::as_object_mut) {
        finalizers(metadata);
    }
    without_nulls(&mut clean);
    if is_builtin_group(&identity.group) {
        let is_headless = clean.pointer("/spec/clusterIP").and_then(Value::as_str) == Some("None");
        without_defaults(&FieldPath::root(), &mut clean);
        if is_headless && let Some(spec) = clean.get_mut("spec").and_then(Value::as_object_mut) {
            spec.insert("clusterIP".to_owned(), Value::from("None"));
        }
    }
    clean
}

/// What tools note down in objects, ours as well; and what the file says once for all.
fn notes() -> impl Iterator<Item = FieldPath> {
    let annotations = [ADDRESS, KUBECTL_NOTE, LINEAGE, PROJECT, PROTECT, SENSITIVE];
    let annotations = annotations.map(|key| FieldPath::keys(["metadata", "annotations", key]));
    let others = ["generateName", "namespace"].map(|key| FieldPath::keys(["metadata", key]));
    annotations.into_iter().chain(others)
}

/// Takes out the finalizers that Kubernetes sets by itself.
fn finalizers(metadata: &mut Map<String, Value>) {
    let Some(Value::Array(finalizers)) = metadata.get_mut("finalizers") else { return };
    finalizers.retain(|finalizer| finalizer.as_str().is_none_or(|name| !name.starts_with("kubernetes.io/")));
    if finalizers.is_empty() {
        metadata.remove("finalizers");
    }
}

/// TOML has no null, and the server takes it for nothing.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

/// Takes out what the server fills in by itself.
fn without_defaults(path: &FieldPath, value: &mut Value) {
    match value {
        Value::Object(map) => {
            pull_policy(map);
            aliases(map);
            let chosen = chosen_beside(map);
            for (key, below) in map.iter_mut() {
                without_defaults(&path.key(key.as_str()), below);
            }
            map.retain(|key, below| {
                let is_empty = below.as_object().is_some_and(Map::is_empty) && EMPTY.contains(&key.as_str());
                let is_noise = is_empty || is_filled_in(&path.key(key.as_str()), below);
                !is_noise || chosen.contains(&key.as_str())
            });
        }
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                without_defaults(&path.index(at), item);
            }
        }
        _ => {}
    }
}

/// The pull policy that the server chooses by the image's tag.
fn pull_policy(container: &mut Map<String, Value>) {
    let Some(image) = container.get("image").and_then(Value::as_str) else { return };
    let name = image.rsplit('/').next().unwrap_or(image);
    let is_latest = !name.contains(':') && !name.contains('@') || name.ends_with(":latest");
    let usual = if is_latest { "Always" } else { "IfNotPresent" };
    if container.get("imagePullPolicy").and_then(Value::as_str) == Some(usual) {
        container.remove("imagePullPolicy");
    }
}

/// Fields whose value is the default only where another field beside them does not say otherwise.
fn chosen_beside(map: &Map<String, Value>) -> Vec<&'static str> {
    let is_parallel = map.get("parallelism").is_some_and(|number| *number != 1);
    let is_indexed = map.contains_key("backoffLimitPerIndex");
    [(is_parallel, "completions"), (is_indexed, "backoffLimit")]
        .into_iter()
        .filter_map(|(is_chosen, key)| is_chosen.then_some(key))
        .collect()
}

/// The old name of a field that the server keeps equal to the new one.
fn aliases(pod: &mut Map<String, Value>) {
    if pod.contains_key("serviceAccountName") && pod.get("serviceAccount") == pod.get("serviceAccountName") {
        pod.remove("serviceAccount");
    }
}
