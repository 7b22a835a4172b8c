//! Whether the server serves the kind of a definition yet. The object may say so a moment too early.

use serde_json::Value;

use crate::kubernetes::conditions::text;
use crate::kubernetes::kinds::defines;
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::{Lookup, Served};
use crate::provider::kubernetes::transport::{Call, CallError};

/// Whether the server answers for every version that a definition serves.
pub(super) async fn is_served(cluster: &Kubernetes, definition: &Value) -> bool {
    let Some(kind) = defines(definition) else { return false };
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
    let wanted: Vec<&str> = versions
        .into_iter()
        .flatten()
        .filter(|version| version.get("served") == Some(&Value::Bool(true)))
        .map(|version| text(version, "name"))
        .collect();
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
