//! Which pods will not run by waiting, for a wait that ends with the first trouble of that kind.

use std::time::Duration;

use serde_json::Value;

use super::events::events_of;
use crate::kubernetes::{events, pods};
use crate::provider::kubernetes::client::Kubernetes;

/// How long a pod without a node is left to an autoscaler: it looks for such pods every ten seconds, and says so when it
/// adds a node for one.
pub(super) const FOR_AN_AUTOSCALER: Duration = Duration::from_secs(15);

/// The names of the pods with a trouble that waiting may not heal, after a wait of so long.
pub(super) async fn among(cluster: &Kubernetes, pods: &[&Value], waited: Duration) -> Vec<String> {
    let mut found: Vec<&Value> = pods.iter().copied().filter(|pod| pods::may_not_heal(pod)).collect();
    // What holds for one of them holds for the others, and each question is a request.
    let without_node = pods.iter().copied().find(|pod| pods::is_unschedulable(pod));
    if let Some(pod) = without_node.filter(|_| waited >= FOR_AN_AUTOSCALER)
        && !gets_a_node(cluster, pod).await
    {
        found.push(pod);
    }
    found.into_iter().map(|pod| pods::name(pod).to_owned()).collect()
}

/// Whether an autoscaler has said that it adds a node for this pod.
async fn gets_a_node(cluster: &Kubernetes, pod: &Value) -> bool {
    let uid = pod.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
    let namespace = pod.pointer("/metadata/namespace").and_then(Value::as_str);
    events_of(cluster, namespace, uid).await.known().iter().any(events::is_of_an_autoscaler)
}
