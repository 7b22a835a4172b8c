//! Whether a deletion waits for what the object owns.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::field_manager::is_ours;
use crate::resource::{Identity, Live, is_builtin_group};

/// How what an object owns is deleted with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// First what it owns, then the object: once it is gone, so are its pods.
    Foreground,
    /// The object at once, and what it owns a moment later.
    Background,
}

impl Propagation {
    /// How to delete an object; `None` where that depends on whether it owns something that is waited for.
    ///
    /// Workloads wait for their pods, which use what is deleted after them: claims, Secrets, accounts. No other
    /// built-in kind owns anything that anybody waits for.
    ///
    /// What a custom resource owns is its controller's business, so the deletion waits as well, unless no controller
    /// has ever taken notice of it. Then there is nothing to wait for but the garbage collector, which may hear of a new
    /// kind only after half a minute. So a young object, whose kind may be new, is looked at more closely.
    pub fn of(identity: &Identity, live: &Live, now: Timestamp) -> Option<Self> {
        let is_custom = !is_builtin_group(&identity.group);
        match () {
            () if runs_pods(&identity.group, &identity.kind) => Some(Self::Foreground),
            () if !is_custom || !is_noticed(live) => Some(Self::Background),
            () if is_young(live, now) => None,
            () => Some(Self::Foreground),
        }
    }

    /// As the server spells it. It is always sent: without it, a Job would leave its pods behind.
    pub fn name(self) -> &'static str {
        match self {
            Self::Foreground => "Foreground",
            Self::Background => "Background",
        }
    }
}

/// Whether anybody waits for the end of an object of this kind: of a pod, of what runs pods, and of what a controller may
/// make pods for.
pub fn is_waited_for(group: &str, kind: &str) -> bool {
    runs_pods(group, kind) || (group, kind) == ("", "Pod") || !is_builtin_group(group)
}

/// Whether the object is so young that the garbage collector need not know its kind. A clock that goes wrong costs time or
/// requests, and nothing else.
fn is_young(live: &Live, now: Timestamp) -> bool {
    const KNOWN_AFTER: SignedDuration = SignedDuration::from_secs(90);
    let made = live.object.pointer("/metadata/creationTimestamp").and_then(Value::as_str);
    let made = made.and_then(|made| made.parse::<Timestamp>().ok());
    made.is_none_or(|made| now.duration_since(made) < KNOWN_AFTER)
}

fn runs_pods(group: &str, kind: &str) -> bool {
    matches!(
        (group, kind),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
            | ("batch", "Job" | "CronJob")
            | ("", "ReplicationController")
    )
}

/// Whether a controller has taken notice of an object: it has a status or a finalizer, or somebody else has written to
/// it. Where nobody is known to have written to it, nothing is known.
fn is_noticed(live: &Live) -> bool {
    let is_there = |pointer| live.object.pointer(pointer).is_some_and(|value| !value.is_null());
    let mut managers = live.ownership.entries.iter().map(|entry| entry.manager.as_str());
    let is_known = !live.ownership.entries.is_empty();
    !is_known
        || is_there("/status")
        || is_there("/metadata/finalizers")
        || managers.any(|manager| !is_ours(manager))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{ManagedEntry, Operation, Ownership, Stamp};
    use serde_json::json;

    fn live(object: Value, managers: &[&str]) -> Live {
        let entries = managers.iter().map(|manager| ManagedEntry {
            manager: (*manager).to_owned(),
            operation: Operation::Apply,
            api_version: "v1".to_owned(),
            time: None,
            subresource: None,
            fields: crate::resource::FieldSet::default(),
        });
        let stamp = Stamp { uid: "u".to_owned(), version: "1".to_owned() };
        Live { object, stamp, ownership: Ownership { entries: entries.collect() } }
    }

    fn of(group: &str, kind: &str, live: &Live) -> Option<Propagation> {
        let now = "2026-01-01T00:02:00Z".parse().unwrap();
        Propagation::of(&Identity::namespaced(group, kind, "a", "x"), live, now)
    }

    #[test]
    fn a_young_custom_resource_waits_only_for_what_it_owns() {
        let made =
            |at: &str| live(json!({"status": {}, "metadata": {"creationTimestamp": at}}), &["regplan:p"]);
        assert_eq!(of("example.com", "Thing", &made("2026-01-01T00:01:00Z")), None);
        assert_eq!(of("example.com", "Thing", &made("2026-01-01T01:00:00Z")), None, "a clock goes wrong");
        let old = made("2026-01-01T00:00:00Z");
        assert_eq!(of("example.com", "Thing", &old), Some(Propagation::Foreground));
        assert!(is_waited_for("", "Pod") && is_waited_for("example.com", "Thing"));
        assert!(!is_waited_for("", "ConfigMap") && !is_waited_for("", "PersistentVolumeClaim"));
    }

    #[test]
    fn only_workloads_of_the_built_in_kinds_are_waited_for() {
        let read = live(json!({"status": {"a": 1}}), &["kubectl"]);
        for (group, kind) in [("apps", "Deployment"), ("batch", "Job"), ("batch", "CronJob")] {
            assert_eq!(of(group, kind, &read), Some(Propagation::Foreground), "{kind}");
        }
        for (group, kind) in
            [("", "ConfigMap"), ("", "Service"), ("", "Pod"), ("networking.k8s.io", "Ingress")]
        {
            assert_eq!(of(group, kind, &read), Some(Propagation::Background), "{kind}");
        }
    }

    #[test]
    fn a_custom_resource_is_waited_for_where_a_controller_may_have_taken_notice() {
        const AT: &str = "2025-12-31T00:00:00Z";
        let (alone, old) = (["regplan:p"], json!({"creationTimestamp": AT}));
        assert_eq!(of("example.com", "Thing", &live(json!({}), &alone)), Some(Propagation::Background));
        for noticed in [
            live(json!({"metadata": old, "status": {}}), &alone),
            live(json!({"metadata": {"finalizers": ["a.b/c"], "creationTimestamp": AT}}), &alone),
            live(json!({"metadata": old}), &["regplan:p", "operator"]),
            live(json!({"metadata": old}), &[]),
        ] {
            assert_eq!(of("example.com", "Thing", &noticed), Some(Propagation::Foreground), "{noticed:?}");
        }
    }
}
