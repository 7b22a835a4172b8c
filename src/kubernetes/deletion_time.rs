//! How long a deletion may take, and what holds it up.

use std::time::Duration;

use serde_json::Value;

use super::conditions::{count, status, text};
use super::kinds::is_namespace;
use crate::resource::Identity;

/// How long to wait until an object is deleted, where the configuration sets no time.
pub fn time_to_go(identity: &Identity) -> Duration {
    match identity.kind.as_str() {
        // Their controllers have to release volumes, remove load balancers, or empty whole namespaces.
        "Namespace" | "PersistentVolumeClaim" | "Service" | "CustomResourceDefinition" => {
            Duration::from_mins(10)
        }
        _ => Duration::from_mins(5),
    }
}

/// What holds up the deletion of an object, in words.
pub fn lingering(identity: &Identity, object: &Value) -> String {
    if object.pointer("/metadata/deletionTimestamp").is_none() {
        return "nobody has asked for its deletion yet".to_owned();
    }
    let mut reasons = Vec::new();
    let finalizers = object.pointer("/metadata/finalizers").and_then(Value::as_array);
    let names: Vec<&str> = finalizers.into_iter().flatten().filter_map(Value::as_str).collect();
    let foreign: Vec<&&str> =
        names.iter().filter(|name| !matches!(**name, "foregroundDeletion" | "orphan")).collect();
    if names.contains(&"foregroundDeletion") {
        reasons.push("waiting for its dependents".to_owned());
    }
    if !foreign.is_empty() {
        let list: Vec<String> = foreign.iter().map(|name| format!("`{name}`")).collect();
        let plural = if list.len() == 1 { "the finalizer" } else { "the finalizers" };
        reasons.push(format!("{plural} {} must be removed by its controller", list.join(", ")));
    }
    if is_namespace(identity) {
        reasons.extend(ending_namespace(object));
    }
    if reasons.is_empty() {
        let grace = count(object, "/metadata/deletionGracePeriodSeconds");
        return if grace > 0 { format!("it has {grace} s to end") } else { "it is ending".to_owned() };
    }
    reasons.join("; ")
}

/// Why the deletion of a namespace is held up, in its controller's words.
fn ending_namespace(object: &Value) -> Vec<String> {
    let all = object.pointer("/status/conditions").and_then(Value::as_array);
    all.into_iter()
        .flatten()
        .filter(|condition| status(condition) == "True")
        .map(|condition| text(condition, "message").trim().to_owned())
        .filter(|message| !message.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_keeps_an_object_is_named() {
        let namespace = Identity::cluster("", "Namespace", "x");
        let object = json!({"metadata": {"deletionTimestamp": "x"}, "status": {"conditions": [
            {"type": "NamespaceContentRemaining", "status": "True", "message": "1 thing is left"},
            {"type": "NamespaceDeletionDiscoveryFailure", "status": "False", "message": "fine"}]}});
        assert_eq!(lingering(&namespace, &object), "1 thing is left");
        let thing = Identity::namespaced("example.com", "Thing", "a", "x");
        let held =
            json!({"metadata": {"deletionTimestamp": "x", "finalizers": ["a.b/c", "foregroundDeletion"]}});
        assert_eq!(
            lingering(&thing, &held),
            "waiting for its dependents; the finalizer `a.b/c` must be removed by its controller"
        );
    }

    #[test]
    fn a_namespace_takes_its_time() {
        assert_eq!(time_to_go(&Identity::cluster("", "Namespace", "x")), Duration::from_mins(10));
    }
}
