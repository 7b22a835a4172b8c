//! Why pods do not run, and which pods belong to a workload.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::conditions::{condition, status, text};
use crate::resource::Identity;

/// If a container has crashed this often and is in back-off, waiting does not help. Fewer crashes are normal
/// while something that it needs is starting.
const CRASHES: u64 = 5;

/// Most pods are ready this long after they were made.
const YOUTH: SignedDuration = SignedDuration::from_mins(2);

/// A container that does not run, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The container's name.
    pub container: String,
    /// The kubelet's reason, such as `CrashLoopBackOff`.
    pub reason: String,
    /// The kubelet's message; may be empty.
    pub message: String,
    /// How often it was restarted.
    pub restarts: u64,
}

/// Whether a container in trouble will run if we wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// It may run.
    Open,
    /// Its image cannot be pulled now. It may run, unless that lasts long.
    Pulling,
    /// It will not run without a change.
    Hopeless,
}

impl Trouble {
    /// Whether waiting for it makes sense.
    pub fn outlook(&self) -> Outlook {
        match self.reason.as_str() {
            "InvalidImageName" | "ErrImageNeverPull" => Outlook::Hopeless,
            "CrashLoopBackOff" if self.restarts >= CRASHES => Outlook::Hopeless,
            // The kubelet alternates between these two.
            "ErrImagePull" | "ImagePullBackOff" => Outlook::Pulling,
            _ => Outlook::Open,
        }
    }
}

/// The containers of a pod that have crashed, or that wait for something other than an earlier container.
pub fn troubles(pod: &Value) -> Vec<Trouble> {
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

/// How a container ended, in words: `it exited with 1: no such file`.
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

/// Whether a pod has a trouble that waiting may not heal: an image that cannot be pulled, a Secret that a variable needs and
/// that is missing.
pub fn may_not_heal(pod: &Value) -> bool {
    let is_told = |trouble: &Trouble| {
        trouble.outlook() != Outlook::Open || trouble.reason.starts_with("CreateContainer")
    };
    troubles(pod).iter().any(is_told)
}

/// Whether there is no node that the pod fits.
pub fn is_unschedulable(pod: &Value) -> bool {
    condition(pod, "PodScheduled")
        .is_some_and(|found| status(found) == "False" && text(found, "reason") == "Unschedulable")
}

/// Whether a pod has a node, and its containers are not made yet. Why not, only events say.
pub fn is_being_made(pod: &Value) -> bool {
    let waits = |status: &Value| {
        let reason = status.pointer("/state/waiting/reason").and_then(Value::as_str);
        matches!(reason, Some("ContainerCreating" | "PodInitializing"))
    };
    let statuses = pod.pointer("/status/containerStatuses").and_then(Value::as_array);
    let has_node = pod.pointer("/spec/nodeName").is_some_and(Value::is_string);
    let is_pending = pod.pointer("/status/phase").and_then(Value::as_str) == Some("Pending");
    has_node && is_pending && statuses.is_none_or(|all| all.iter().all(waits))
}

/// The newest of the pods whose containers are not made yet, and which stays.
pub fn newest_being_made<'p>(pods: impl IntoIterator<Item = &'p Value>) -> Option<&'p Value> {
    let starting = pods.into_iter().filter(|pod| is_being_made(pod) && !is_ending(pod));
    starting.max_by_key(|pod| made(pod))
}

/// Whether the pod is being deleted.
pub fn is_ending(pod: &Value) -> bool {
    pod.pointer("/metadata/deletionTimestamp").is_some_and(Value::is_string)
}

/// When the pod was made (RFC 3339), by which pods can be put in order.
pub fn made(pod: &Value) -> &str {
    pod.pointer("/metadata/creationTimestamp").and_then(Value::as_str).unwrap_or_default()
}

/// The pod's uid.
pub fn uid(pod: &Value) -> Option<&str> {
    pod.pointer("/metadata/uid").and_then(Value::as_str)
}

/// The pod's name.
pub fn name(pod: &Value) -> &str {
    pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}

/// What keeps a pod from running, in one line: a container in trouble, or no node for it. `None` for one that is on its
/// way.
pub fn cause(pod: &Value) -> Option<String> {
    let is_unscheduled = condition(pod, "PodScheduled").is_some_and(|found| status(found) == "False");
    if !is_unscheduled && troubles(pod).is_empty() {
        return None;
    }
    lines(pod).into_iter().next()
}

/// Why a pod is not ready, one line for each reason.
pub fn lines(pod: &Value) -> Vec<String> {
    let name = name(pod);
    let mut lines: Vec<String> = troubles(pod)
        .into_iter()
        .map(|trouble| {
            let restarts = match trouble.restarts {
                0 => String::new(),
                1 => ", 1 restart".to_owned(),
                more => format!(", {more} restarts"),
            };
            let message =
                if trouble.message.is_empty() { String::new() } else { format!(": {}", trouble.message) };
            format!("pod {name}, container {}: {}{message}{restarts}", trouble.container, trouble.reason)
        })
        .collect();
    if lines.is_empty() {
        let telling = ["PodScheduled", "ContainersReady", "Ready"]
            .into_iter()
            .find_map(|kind| condition(pod, kind).filter(|found| status(found) == "False"));
        if let Some(found) = telling {
            lines.push(format!("pod {name}: {}: {}", text(found, "reason"), text(found, "message")));
        }
    }
    lines
}

/// Whether a pod is ready, or has succeeded.
pub fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready").is_some_and(|found| status(found) == "True")
        || pod.pointer("/status/phase").and_then(Value::as_str) == Some("Succeeded")
}

/// Whether a pod was made or was still ready so shortly before this moment that it may become ready by itself.
pub fn is_young(pod: &Value, now: Timestamp) -> bool {
    let moment = |text: &str| text.parse::<Timestamp>().ok();
    let made = pod.pointer("/metadata/creationTimestamp").and_then(Value::as_str).and_then(moment);
    let changed = condition(pod, "Ready").and_then(|found| moment(text(found, "lastTransitionTime")));
    let latest = made.max(changed);
    latest.is_some_and(|latest| now.duration_since(latest) < YOUTH)
}

/// The label selector of a workload's pods; `None` for kinds that have none.
pub fn selector(identity: &Identity, object: &Value) -> Option<BTreeMap<String, String>> {
    let pointer = match (identity.group.as_str(), identity.kind.as_str()) {
        ("apps", _) | ("batch", "Job") => "/spec/selector/matchLabels",
        ("", "ReplicationController") => "/spec/selector",
        _ => return None,
    };
    let labels = object.pointer(pointer).and_then(Value::as_object)?;
    let labels =
        labels.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()));
    Some(labels.collect()).filter(|labels: &BTreeMap<_, _>| !labels.is_empty())
}

/// Whether a pod carries all of these labels.
pub fn is_selected(pod: &Value, labels: &BTreeMap<String, String>) -> bool {
    let own = pod.pointer("/metadata/labels");
    labels.iter().all(|(key, value)| own.and_then(|own| own.get(key)).and_then(Value::as_str) == Some(value))
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
    fn a_trouble_may_not_heal() {
        let waiting =
            |reason: &str| pod("a", json!({"name": "app", "state": {"waiting": {"reason": reason}}}));
        for reason in ["InvalidImageName", "ImagePullBackOff", "ErrImagePull", "CreateContainerConfigError"] {
            assert!(may_not_heal(&waiting(reason)), "{reason}");
        }
        for reason in ["ContainerCreating", "CrashLoopBackOff"] {
            assert!(!may_not_heal(&waiting(reason)), "{reason}");
        }
        let scheduled = |reason: &str| json!({"status": {"conditions": [{"type": "PodScheduled", "status": "False", "reason": reason}]}});
        assert!(
            is_unschedulable(&scheduled("Unschedulable")) && !is_unschedulable(&scheduled("SchedulingGated"))
        );
    }

    #[test]
    fn a_pod_with_a_node_is_being_made_until_its_containers_are() {
        let on_node = |phase: &str, statuses: Value| json!({"spec": {"nodeName": "n"}, "status": {"phase": phase, "containerStatuses": statuses}});
        let creating = json!([{"state": {"waiting": {"reason": "ContainerCreating"}}}]);
        assert!(is_being_made(&on_node("Pending", creating.clone())));
        assert!(is_being_made(&json!({"spec": {"nodeName": "n"}, "status": {"phase": "Pending"}})));
        assert!(!is_being_made(&on_node("Running", creating)));
        let pulling = json!([{"state": {"waiting": {"reason": "ErrImagePull"}}}]);
        assert!(!is_being_made(&on_node("Pending", pulling)));
        assert!(!is_being_made(&json!({"spec": {}, "status": {"phase": "Pending"}})));
    }

    #[test]
    fn a_pod_says_why_it_waits() {
        let pull = pod(
            "web-1",
            json!({"name": "app", "restartCount": 0, "state": {"waiting": {
            "reason": "ImagePullBackOff", "message": "Back-off pulling image \"x\""}}}),
        );
        assert_eq!(
            lines(&pull),
            ["pod web-1, container app: ImagePullBackOff: Back-off pulling image \"x\""]
        );
        let crash = pod(
            "web-2",
            json!({"name": "app", "restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": "no config\n"}}}),
        );
        assert_eq!(
            lines(&crash),
            [
                "pod web-2, container app: CrashLoopBackOff: back-off 40s; it exited with 1: no config, 3 restarts"
            ]
        );
        let once = pod(
            "web-3",
            json!({"name": "app", "restartCount": 1, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}),
        );
        assert_eq!(lines(&once), ["pod web-3, container app: CrashLoopBackOff, 1 restart"]);
        let unscheduled = json!({"metadata": {"name": "web-3"}, "status": {"conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}]}});
        assert_eq!(lines(&unscheduled), ["pod web-3: Unschedulable: 0/1 nodes"]);
        let fine =
            pod("web-4", json!({"name": "app", "state": {"waiting": {"reason": "ContainerCreating"}}}));
        assert_eq!(lines(&fine), Vec::<String>::new());
    }

    #[test]
    fn a_pod_is_young_for_two_minutes_after_it_was_made_or_was_ready() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let made = json!({"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"}});
        assert!(is_young(&made, at("2026-01-01T00:01:59Z")) && !is_young(&made, at("2026-01-01T00:02:00Z")));
        let mut fell = made.clone();
        fell["status"]["conditions"] =
            json!([{"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T09:00:00Z"}]);
        assert!(is_young(&fell, at("2026-01-01T09:01:00Z")) && !is_young(&fell, at("2026-01-01T09:03:00Z")));
        assert!(!is_young(&json!({}), at("2026-01-01T00:00:00Z")));
    }
}
