//! Reads the events about an object.

use http::HeaderMap;
use serde_json::Value;

use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::encode;
use crate::provider::kubernetes::transport::{Call, CallError};

/// The answer to a look at events. They only explain something, so that a failure is no error.
pub(super) enum Events {
    /// What was seen, and the headers of the answer.
    Seen { events: Vec<Value>, headers: HeaderMap },
    /// Our rights do not allow it.
    Forbidden,
    /// No answer, or none that is of use.
    Unknown,
}

impl Events {
    /// The events, as far as they are known.
    pub(super) fn known(self) -> Vec<Value> {
        match self {
            Self::Seen { events, .. } => events,
            Self::Forbidden | Self::Unknown => Vec::new(),
        }
    }
}

/// The events about the object with this uid.
pub(super) async fn events_of(cluster: &Kubernetes, namespace: Option<&str>, uid: &str) -> Events {
    // Events about what has no namespace are kept in `default`.
    let path = format!(
        "/api/v1/namespaces/{}/events?limit=200&fieldSelector=involvedObject.uid%3D{}",
        encode(namespace.unwrap_or("default")),
        encode(uid)
    );
    match cluster.transport.send(&Call::get(path)).await {
        Ok(answer) => {
            let events = answer.body.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
            Events::Seen { events, headers: answer.headers }
        }
        Err(CallError::Refused(refusal)) if refusal.code == 403 => Events::Forbidden,
        Err(_) => Events::Unknown,
    }
}
