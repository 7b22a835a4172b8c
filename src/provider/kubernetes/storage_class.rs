//! What readiness depends on besides the object itself.

use serde_json::Value;

use super::Kubernetes;
use super::discovery::{Lookup, Served, encode};
use super::ready::text;
use super::transport::{Call, CallError};
use crate::resource::GroupKind;

/// Whether a claim's class binds only when a pod asks for the volume. A class that cannot be read counts
/// as one that does: waiting for a bind that comes only later would never end.
pub(super) async fn waits_for_consumer(cluster: &Kubernetes, claim: &Value) -> bool {
    let Some(class) = claim.pointer("/spec/storageClassName").and_then(Value::as_str) else { return false };
    if class.is_empty() {
        return false;
    }
    let path = format!("/apis/storage.k8s.io/v1/storageclasses/{}", encode(class));
    match cluster.transport.send(&Call::get(path)).await {
        Ok(answer) => text(&answer.body, "volumeBindingMode") == "WaitForFirstConsumer",
        Err(CallError::Refused(refusal)) if refusal.code == 404 => false,
        Err(_) => true,
    }
}

/// Whether the server answers for every version that a definition serves.
pub(super) async fn is_served(cluster: &Kubernetes, definition: &Value) -> bool {
    let group = definition.pointer("/spec/group").and_then(Value::as_str).unwrap_or_default();
    let kind = definition.pointer("/spec/names/kind").and_then(Value::as_str).unwrap_or_default();
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
    let wanted: Vec<&str> = versions
        .into_iter()
        .flatten()
        .filter(|version| version.get("served") == Some(&Value::Bool(true)))
        .map(|version| text(version, "name"))
        .collect();
    let kind = GroupKind { group: group.to_owned(), kind: kind.to_owned() };
    cluster.discovery.forget().await;
    let Ok(Lookup::Served(served)) = cluster.discovery.lookup(&kind).await else {
        return false;
    };
    let has = |version: &&str| served.iter().any(|served: &Served| served.version == *version);
    if !wanted.iter().all(has) {
        return false;
    }
    // Discovery may know a kind a moment before its handler does.
    for served in &served {
        let path = format!("{}?limit=1", served.collection(None));
        if let Err(CallError::Refused(refusal)) = cluster.transport.send(&Call::get(path)).await
            && refusal.code == 404
        {
            return false;
        }
    }
    true
}
