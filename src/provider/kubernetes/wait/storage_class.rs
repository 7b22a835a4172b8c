//! Whether the storage class of a claim binds it at once, or only when a pod uses it.

use serde_json::Value;

use crate::kubernetes::conditions::text;
use crate::kubernetes::readiness::StorageClass;
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::encode;
use crate::provider::kubernetes::transport::{Call, CallError};
use crate::resource::Identity;

/// What the readiness of an object depends on in its storage class: for a claim that is not bound yet.
pub(super) async fn class_of(cluster: &Kubernetes, identity: &Identity, object: &Value) -> StorageClass {
    let is_pending = object.pointer("/status/phase").and_then(Value::as_str) != Some("Bound");
    if identity.is("", "PersistentVolumeClaim") && is_pending {
        return StorageClass { waits_for_consumer: waits_for_consumer(cluster, object).await };
    }
    StorageClass::default()
}

/// Whether a claim's class binds only when a pod asks for the volume. A class that cannot be read counts
/// as one that does: waiting for a bind that comes only later would never end.
async fn waits_for_consumer(cluster: &Kubernetes, claim: &Value) -> bool {
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
