//! Why something does not become ready: what its pods say, and what happened last.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::certificate;
use super::events::events_of;
use crate::kubernetes::completion;
use crate::kubernetes::conditions::{condition, status, text};
use crate::kubernetes::events::{event_lines, warning_since};
use crate::kubernetes::pods;
use crate::kubernetes::readiness::Readiness;
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::encode;
use crate::provider::kubernetes::pods::with_labels;
use crate::provider::kubernetes::transport::{Call, CallError};
use crate::resource::Identity;

/// For all questions about a cause together.
const PATIENCE: Duration = Duration::from_secs(10);
/// Events are written a moment after what they tell.
const EVENT_PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks at them.
const EVENT_PAUSE: Duration = Duration::from_millis(250);
/// Lines about pods in an explanation, and pods whose events are looked at.
const SHOWN: usize = 3;

/// Whether a pod is of the latest template; `None` where that cannot be told.
pub(super) async fn is_latest(
    cluster: &Kubernetes,
    identity: &Identity,
    object: &Value,
    pod: &Value,
) -> Option<bool> {
    let label = |key: &str| {
        pod.pointer("/metadata/labels").and_then(|labels| labels.get(key)).and_then(Value::as_str)
    };
    match identity.kind.as_str() {
        "StatefulSet" => {
            let latest = object.pointer("/status/updateRevision").and_then(Value::as_str)?;
            Some(label("controller-revision-hash")? == latest)
        }
        "DaemonSet" => {
            let annotations = object.pointer("/metadata/annotations")?;
            let latest =
                annotations.get("deprecated.daemonset.template.generation").and_then(Value::as_str)?;
            Some(label("pod-template-generation")? == latest)
        }
        "Deployment" => {
            let owners = pod.pointer("/metadata/ownerReferences").and_then(Value::as_array)?;
            let set = owners.iter().find(|owner| text(owner, "kind") == "ReplicaSet")?;
            let namespace = identity.namespace.as_deref()?;
            let path = format!(
                "/apis/apps/v1/namespaces/{}/replicasets/{}",
                encode(namespace),
                encode(text(set, "name"))
            );
            let set = cluster.transport.send(&Call::get(path)).await.ok()?.body;
            let revision = |object: &Value| {
                let annotations = object.pointer("/metadata/annotations")?;
                Some(annotations.get("deployment.kubernetes.io/revision")?.as_str()?.to_owned())
            };
            Some(revision(&set)? == revision(object)?)
        }
        _ => Some(true),
    }
}

/// What the cluster says about the cause, a line each; never an error, and never long.
pub(super) async fn lines(cluster: &Kubernetes, identity: &Identity, object: &Value) -> Vec<String> {
    timeout(PATIENCE, gather(cluster, identity, object)).await.unwrap_or_default()
}

async fn gather(cluster: &Kubernetes, identity: &Identity, object: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let mut about = vec![object.clone()];
    if let Some(uid) = object.pointer("/metadata/uid").and_then(Value::as_str) {
        lines.extend(certificate::cause(cluster, identity, uid).await);
    }
    let namespace = identity.namespace.as_deref();
    match pods_of(cluster, identity, object).await {
        Some(Ok(found)) => {
            if found.is_empty() {
                lines.push("it has no pods".to_owned());
            }
            let troubled: Vec<&Value> = found.iter().filter(|pod| !pods::is_ready(pod)).collect();
            lines.extend(troubled.iter().flat_map(|pod| pods::lines(pod)).take(SHOWN));
            about.extend(troubled.into_iter().take(SHOWN).cloned());
        }
        Some(Err(_)) => lines.push("its pods cannot be listed".to_owned()),
        None if identity.is("", "Pod") => lines.extend(pods::lines(object)),
        None => {}
    }
    for object in &about {
        lines.extend(events(cluster, namespace, object).await);
    }
    lines.dedup();
    lines
}

/// The pods of a workload; `None` for a kind that has none.
pub(super) async fn pods_of(
    cluster: &Kubernetes,
    identity: &Identity,
    object: &Value,
) -> Option<Result<Vec<Value>, CallError>> {
    let (labels, namespace) = (pods::selector(identity, object)?, identity.namespace.as_deref()?);
    Some(with_labels(cluster, namespace, &labels).await)
}

/// The most telling line about the cause: what a pod says, or else the last warning; `None` where there is neither.
pub(super) async fn cause(cluster: &Kubernetes, identity: &Identity, object: &Value) -> Option<String> {
    let look = async {
        let pods = pods_of(cluster, identity, object).await.and_then(Result::ok).unwrap_or_default();
        let own = identity.is("", "Pod").then_some(object);
        let said = pods.iter().chain(own).filter(|pod| !pods::is_ready(pod)).find_map(pods::cause);
        if said.is_some() {
            return said;
        }
        let uid = object.pointer("/metadata/uid").and_then(Value::as_str)?;
        if let Some(said) = certificate::cause(cluster, identity, uid).await {
            return Some(said);
        }
        let uid = pods::newest_being_made(&pods).and_then(pods::uid).unwrap_or(uid);
        let events = events_of(cluster, identity.namespace.as_deref(), uid).await.known();
        warning_since(&events, Timestamp::MIN)
    };
    timeout(PATIENCE, look).await.ok().flatten()
}

/// Whether all pods of a workload are ready, or have not been there for long.
pub(super) async fn is_on_its_way(cluster: &Kubernetes, identity: &Identity, object: &Value) -> bool {
    let is_refused = condition(object, "ReplicaFailure").is_some_and(|found| status(found) == "True");
    let Some(Ok(pods)) = pods_of(cluster, identity, object).await else { return false };
    let now = Timestamp::now();
    !is_refused && pods.iter().all(|pod| pods::is_ready(pod) || pods::is_young(pod, now))
}

/// The last warnings about an object; without one, its last event.
async fn events(cluster: &Kubernetes, namespace: Option<&str>, object: &Value) -> Vec<String> {
    let Some(uid) = object.pointer("/metadata/uid").and_then(Value::as_str) else { return Vec::new() };
    event_lines(&events_of(cluster, namespace, uid).await.known())
}

/// How an object has ended that is gone, by the events about it; `None` where they do not tell.
pub(super) async fn end(cluster: &Kubernetes, identity: &Identity, uid: &str) -> Option<Readiness> {
    let look = async {
        loop {
            let events = events_of(cluster, identity.namespace.as_deref(), uid).await.known();
            if let Some(end) = completion::end_by_events(identity, &events) {
                return end;
            }
            sleep(EVENT_PAUSE).await;
        }
    };
    timeout(EVENT_PATIENCE, look).await.ok()
}
