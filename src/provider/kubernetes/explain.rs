//! Why something does not become ready: what its pods say, and what happened last.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout};

use super::Kubernetes;
use super::discovery::encode;
use super::ready::{condition, text};
use super::transport::Call;
use crate::resource::Identity;

/// An image that cannot be pulled for this long will not be pulled by waiting.
const PULL_GRACE: Duration = Duration::from_secs(30);
/// A container that has crashed this often, and is held back, will not be healed by waiting. (Fewer
/// crashes are usual while what it needs is starting.)
const CRASHES: u64 = 5;
/// For all questions about a cause together.
const PATIENCE: Duration = Duration::from_secs(10);
/// Lines of each sort in an explanation.
const SHOWN: usize = 3;

/// A container that does not run, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trouble {
    container: String,
    reason: String,
    message: String,
    restarts: u64,
}

/// The containers of a pod that wait for something other than their turn, or have crashed.
fn troubles(pod: &Value) -> Vec<Trouble> {
    let mut all = Vec::new();
    for key in ["initContainerStatuses", "containerStatuses"] {
        let statuses = pod.pointer(&format!("/status/{key}")).and_then(Value::as_array);
        for status in statuses.into_iter().flatten() {
            let restarts = status.get("restartCount").and_then(Value::as_u64).unwrap_or(0);
            let found = |reason: &str, message: &str| Trouble {
                container: text(status, "name").to_owned(),
                reason: reason.to_owned(),
                message: message.trim().to_owned(),
                restarts,
            };
            if let Some(waiting) = status.pointer("/state/waiting") {
                let reason = text(waiting, "reason");
                if !matches!(reason, "" | "ContainerCreating" | "PodInitializing") {
                    let last = status.pointer("/lastState/terminated");
                    let exit = last.map(|ended| format!("; {}", exit(ended))).unwrap_or_default();
                    all.push(found(reason, &format!("{}{exit}", text(waiting, "message"))));
                }
            } else if let Some(ended) = status.pointer("/state/terminated")
                && ended.get("exitCode").and_then(Value::as_i64).unwrap_or(0) != 0
            {
                all.push(found(text(ended, "reason"), &exit(ended)));
            }
        }
    }
    all
}

/// `it exited with 1: no such file`.
fn exit(ended: &Value) -> String {
    let code = ended.get("exitCode").and_then(Value::as_i64).unwrap_or(0);
    let reason = Some(text(ended, "reason")).filter(|reason| !matches!(*reason, "" | "Error"));
    let message = Some(text(ended, "message").trim()).filter(|message| !message.is_empty());
    let mut out = format!("it exited with {code}");
    if let Some(reason) = reason {
        out.push_str(" (");
        out.push_str(reason);
        out.push(')');
    }
    if let Some(message) = message {
        out.push_str(": ");
        out.push_str(message);
    }
    out
}

/// What a pod says about why it is not ready, a line each.
fn pod_lines(pod: &Value) -> Vec<String> {
    let name = pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let mut lines: Vec<String> = troubles(pod)
        .into_iter()
        .map(|transport_error| {
            let restarts = if transport_error.restarts > 0 {
                format!(", {} restarts", transport_error.restarts)
            } else {
                String::new()
            };
            let message = if transport_error.message.is_empty() {
                String::new()
            } else {
                format!(": {}", transport_error.message)
            };
            format!(
                "pod {name}, container {}: {}{message}{restarts}",
                transport_error.container, transport_error.reason
            )
        })
        .collect();
    if lines.is_empty() {
        let telling = ["PodScheduled", "ContainersReady", "Ready"]
            .into_iter()
            .find_map(|kind| condition(pod, kind).filter(|found| text(found, "status") == "False"));
        if let Some(found) = telling {
            lines.push(format!("pod {name}: {}: {}", text(found, "reason"), text(found, "message")));
        }
    }
    lines
}

fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready").is_some_and(|found| text(found, "status") == "True")
        || pod.pointer("/status/phase").and_then(Value::as_str) == Some("Succeeded")
}

/// The label selector of a workload's pods; `None` for kinds that have none.
pub(super) fn selector(identity: &Identity, object: &Value) -> Option<HashMap<String, String>> {
    let pointer = match (identity.group.as_str(), identity.kind.as_str()) {
        ("apps", _) | ("batch", "Job") => "/spec/selector/matchLabels",
        ("", "ReplicationController") => "/spec/selector",
        _ => return None,
    };
    let labels = object.pointer(pointer).and_then(Value::as_object)?;
    let labels =
        labels.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()));
    Some(labels.collect()).filter(|labels: &HashMap<_, _>| !labels.is_empty())
}

/// Whether a pod carries all of these labels.
pub(super) fn is_selected(pod: &Value, labels: &HashMap<String, String>) -> bool {
    let own = pod.pointer("/metadata/labels");
    labels.iter().all(|(key, value)| own.and_then(|own| own.get(key)).and_then(Value::as_str) == Some(value))
}

/// Remembers since when pods have been in trouble, and tells when that will not heal.
#[derive(Default)]
pub(super) struct Patience {
    since: HashMap<(String, String), Instant>,
}

impl Patience {
    /// Looks at the pods: the name of one that will not heal, and when to look again otherwise.
    pub(super) fn look<'p>(
        &mut self,
        pods: impl IntoIterator<Item = &'p Value>,
        now: Instant,
    ) -> (Vec<String>, Option<Instant>) {
        let mut hopeless = Vec::new();
        let mut next: Option<Instant> = None;
        let mut still = HashMap::new();
        for pod in pods {
            let name = pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            for transport_error in troubles(pod) {
                match transport_error.reason.as_str() {
                    "InvalidImageName" | "ErrImageNeverPull" => hopeless.push(name.to_owned()),
                    "CrashLoopBackOff" if transport_error.restarts >= CRASHES => {
                        hopeless.push(name.to_owned());
                    }
                    // These two take turns.
                    "ErrImagePull" | "ImagePullBackOff" => {
                        let key = (name.to_owned(), transport_error.container);
                        let since = self.since.get(&key).copied().unwrap_or(now);
                        still.insert(key, since);
                        let end = since + PULL_GRACE;
                        if end <= now {
                            hopeless.push(name.to_owned());
                        } else {
                            next = Some(next.map_or(end, |next| next.min(end)));
                        }
                    }
                    _ => {}
                }
            }
        }
        self.since = still;
        (hopeless, next)
    }
}

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
    let namespace = identity.namespace.as_deref();
    if let (Some(labels), Some(namespace)) = (selector(identity, object), namespace) {
        let labels: Vec<String> =
            labels.iter().map(|(key, value)| format!("{}%3D{}", encode(key), encode(value))).collect();
        let path = format!(
            "/api/v1/namespaces/{}/pods?limit=100&labelSelector={}",
            encode(namespace),
            labels.join("%2C")
        );
        match cluster.transport.send(&Call::get(path)).await {
            Ok(answer) => {
                let pods = answer.body.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
                if pods.is_empty() {
                    lines.push("it has no pods".to_owned());
                }
                let troubled: Vec<&Value> = pods.iter().filter(|pod| !is_ready(pod)).collect();
                lines.extend(troubled.iter().flat_map(|pod| pod_lines(pod)).take(SHOWN));
                about.extend(troubled.into_iter().take(SHOWN).cloned());
            }
            Err(_) => lines.push("its pods cannot be listed".to_owned()),
        }
    } else if identity.is("", "Pod") {
        lines.extend(pod_lines(object));
    }
    for object in &about {
        lines.extend(events(cluster, namespace, object).await);
    }
    lines.dedup();
    lines
}

/// The last warnings about an object; without one, its last event.
async fn events(cluster: &Kubernetes, namespace: Option<&str>, object: &Value) -> Vec<String> {
    let Some(uid) = object.pointer("/metadata/uid").and_then(Value::as_str) else { return Vec::new() };
    // Events about what has no namespace are kept in `default`.
    let path = format!(
        "/api/v1/namespaces/{}/events?limit=200&fieldSelector=involvedObject.uid%3D{}",
        encode(namespace.unwrap_or("default")),
        encode(uid)
    );
    let Ok(answer) = cluster.transport.send(&Call::get(path)).await else { return Vec::new() };
    event_lines(answer.body.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default())
}

fn event_lines(events: &[Value]) -> Vec<String> {
    let when = |event: &Value| {
        let times = ["lastTimestamp", "eventTime", "firstTimestamp"];
        let times = times.into_iter().map(|key| text(event, key)).find(|time| !time.is_empty());
        times.unwrap_or_default().to_owned()
    };
    let mut sorted: Vec<&Value> = events.iter().collect();
    sorted.sort_by_key(|event| std::cmp::Reverse(when(event)));
    let warnings: Vec<&Value> =
        sorted.iter().filter(|event| text(event, "type") == "Warning").copied().collect();
    let shown = if warnings.is_empty() { sorted.into_iter().take(1).collect() } else { warnings };
    shown
        .into_iter()
        .take(SHOWN)
        .map(|event| {
            let name = event.pointer("/involvedObject/name").and_then(Value::as_str).unwrap_or_default();
            format!("event of {name}: {}: {}", text(event, "reason"), text(event, "message").trim())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[expect(clippy::needless_pass_by_value, reason = "json! is written in place")]
    fn pod(name: &str, status: Value) -> Value {
        json!({"metadata": {"name": name}, "status": {"containerStatuses": [status]}})
    }

    #[test]
    fn a_pod_says_why_it_waits() {
        let pull = pod(
            "web-1",
            json!({"name": "app", "restartCount": 0, "state": {"waiting": {
            "reason": "ImagePullBackOff", "message": "Back-off pulling image \"x\""}}}),
        );
        assert_eq!(
            pod_lines(&pull),
            ["pod web-1, container app: ImagePullBackOff: Back-off pulling image \"x\""]
        );
        let crash = pod(
            "web-2",
            json!({"name": "app", "restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": "no config\n"}}}),
        );
        assert_eq!(
            pod_lines(&crash),
            [
                "pod web-2, container app: CrashLoopBackOff: back-off 40s; it exited with 1: no config, 3 restarts"
            ]
        );
        let unscheduled = json!({"metadata": {"name": "web-3"}, "status": {"conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}]}});
        assert_eq!(pod_lines(&unscheduled), ["pod web-3: Unschedulable: 0/1 nodes"]);
        let fine =
            pod("web-4", json!({"name": "app", "state": {"waiting": {"reason": "ContainerCreating"}}}));
        assert_eq!(pod_lines(&fine), Vec::<String>::new());
    }

    #[tokio::test]
    async fn what_does_not_heal_is_told_after_a_grace() {
        let pull = pod("a", json!({"name": "app", "state": {"waiting": {"reason": "ErrImagePull"}}}));
        let back_off = pod("a", json!({"name": "app", "state": {"waiting": {"reason": "ImagePullBackOff"}}}));
        let mut patience = Patience::default();
        let start = Instant::now();
        assert_eq!(patience.look([&pull], start), (vec![], Some(start + PULL_GRACE)));
        let later = start + Duration::from_secs(20);
        assert_eq!(patience.look([&back_off], later), (vec![], Some(start + PULL_GRACE)));
        assert_eq!(patience.look([&pull], start + PULL_GRACE).0, ["a"]);
        // One that ran in between starts anew.
        assert_eq!(patience.look([], start + PULL_GRACE), (vec![], None));
        assert!(patience.look([&pull], start + PULL_GRACE).0.is_empty());
        let name = pod("b", json!({"name": "app", "state": {"waiting": {"reason": "InvalidImageName"}}}));
        assert_eq!(Patience::default().look([&name], start).0, ["b"]);
        let crashed = |restarts: u64| {
            pod(
                "c",
                json!({"name": "app", "restartCount": restarts,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}}}),
            )
        };
        assert!(Patience::default().look([&crashed(2)], start).0.is_empty());
        assert_eq!(Patience::default().look([&crashed(5)], start).0, ["c"]);
    }

    #[test]
    fn the_last_warnings_come_first() {
        let event = |kind: &str, time: &str, reason: &str| {
            json!({"type": kind, "lastTimestamp": time, "reason": reason, "message": "m\n",
                   "involvedObject": {"name": "web"}})
        };
        let events = [
            event("Normal", "2026-01-03T00:00:00Z", "Pulled"),
            event("Warning", "2026-01-01T00:00:00Z", "Old"),
            event("Warning", "2026-01-02T00:00:00Z", "New"),
        ];
        assert_eq!(event_lines(&events), ["event of web: New: m", "event of web: Old: m"]);
        assert_eq!(event_lines(&events[..1]), ["event of web: Pulled: m"]);
    }
}
