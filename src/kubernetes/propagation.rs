//! Whether a deletion waits for what the object owns.

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
    /// How to delete an object.
    ///
    /// Workloads wait for their pods, which use what is deleted after them: claims, Secrets, accounts. No other
    /// built-in kind owns anything that anybody waits for.
    ///
    /// What a custom resource owns is its controller's business, so the deletion waits as well, unless no controller
    /// has ever taken notice of it. Then there is nothing to wait for but the garbage collector, which may hear of a new
    /// kind only after half a minute.
    pub fn of(identity: &Identity, live: &Live) -> Self {
        let waits = runs_pods(identity) || (!is_builtin_group(&identity.group) && is_noticed(live));
        if waits { Self::Foreground } else { Self::Background }
    }

    /// As the server spells it. It is always sent: without it, a Job would leave its pods behind.
    pub fn name(self) -> &'static str {
        match self {
            Self::Foreground => "Foreground",
            Self::Background => "Background",
        }
    }
}

fn runs_pods(identity: &Identity) -> bool {
    matches!(
        (identity.group.as_str(), identity.kind.as_str()),
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
    use serde_json::{Value, json};

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

    fn of(group: &str, kind: &str, live: &Live) -> Propagation {
        Propagation::of(&Identity::namespaced(group, kind, "a", "x"), live)
    }

    #[test]
    fn only_workloads_of_the_built_in_kinds_are_waited_for() {
        let read = live(json!({"status": {"a": 1}}), &["kubectl"]);
        for (group, kind) in [("apps", "Deployment"), ("batch", "Job"), ("batch", "CronJob")] {
            assert_eq!(of(group, kind, &read), Propagation::Foreground, "{kind}");
        }
        for (group, kind) in
            [("", "ConfigMap"), ("", "Service"), ("", "Pod"), ("networking.k8s.io", "Ingress")]
        {
            assert_eq!(of(group, kind, &read), Propagation::Background, "{kind}");
        }
    }

    #[test]
    fn a_custom_resource_is_waited_for_where_a_controller_may_have_taken_notice() {
        let alone = ["regplan:p"];
        assert_eq!(of("example.com", "Thing", &live(json!({}), &alone)), Propagation::Background);
        for noticed in [
            live(json!({"status": {}}), &alone),
            live(json!({"metadata": {"finalizers": ["a.b/c"]}}), &alone),
            live(json!({}), &["regplan:p", "operator"]),
            live(json!({}), &[]),
        ] {
            assert_eq!(of("example.com", "Thing", &noticed), Propagation::Foreground, "{noticed:?}");
        }
    }
}
