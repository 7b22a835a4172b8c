//! Whether the volume of a registry is full, as the log of its pods tells.
//!
//! No object tells it. A node knows how much room a volume has, but not of every sort of volume, and whoever may ask a node may
//! run commands on it as well.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::marks::ADDRESS;
use super::pods;
use super::registry_log::{Push, push_in};
use super::volume_stats::uses;
use crate::resource::{BlockAddress, Identity, to_the_second};

/// The container whose log it is, in the pods of a `[registry]`.
pub const CONTAINER: &str = "registry";
/// The labels that a claim and the pods of its registry share.
const SHARED_LABELS: [&str; 2] = ["app.kubernetes.io/name", "app.kubernetes.io/instance"];

/// A volume that is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FullVolume {
    /// When the last push failed for that reason. None has ended well since.
    pub since: Timestamp,
}

impl FullVolume {
    /// What to do about it.
    pub const HELP: &str = "make it larger (`storage.volume.size`)";

    /// How it is known, and what to do, in one line.
    pub fn cause(&self) -> String {
        let since = to_the_second(self.since);
        format!(
            "the volume is full: at {since} a push failed for lack of space, and none has succeeded since; {}",
            Self::HELP
        )
    }
}

/// Whether the object is the claim of a registry, which has its volume.
pub fn is_of_registry(identity: &Identity, object: &Value) -> bool {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let address = object.pointer("/metadata/annotations").and_then(|all| all.get(ADDRESS)?.as_str());
    let block = address.and_then(|address| address.split('/').next()?.parse::<BlockAddress>().ok());
    identity.is("", "PersistentVolumeClaim")
        && text("/status/phase") == Some("Bound")
        && block.is_some_and(|block| block.kind == "registry")
}

/// The labels by which the pods are found that use a claim; none where it has none of a registry's.
pub fn labels_of_pods(claim: &Value) -> BTreeMap<String, String> {
    let own = claim.pointer("/metadata/labels");
    let label = |key: &str| Some((key.to_owned(), own?.get(key)?.as_str()?.to_owned()));
    SHARED_LABELS.into_iter().filter_map(label).collect()
}

/// Whether a pod serves the registry from the volume of this claim.
pub fn serves_from(pod: &Value, claim: &Identity) -> bool {
    uses(pod, claim) && pods::is_ready(pod) && !pods::is_ending(pod)
}

/// What the logs of all pods say together. Before each line stands when it was written.
pub fn judge<'l>(logs: impl IntoIterator<Item = &'l str>) -> Option<FullVolume> {
    let pushes = logs.into_iter().flat_map(str::lines).filter_map(|line| {
        let (at, said) = line.split_once(' ')?;
        Some((push_in(said)?, at.parse::<Timestamp>().ok()?))
    });
    match pushes.max_by_key(|(_, at)| *at)? {
        (Push::NoRoom, since) => Some(FullVolume { since }),
        (Push::Stored, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NO_ROOM: &str = r#"time="…" level=error msg="response completed with error" err.detail="filesystem: write /a: no space left on device" http.request.method=PUT http.request.uri=/v2/a/manifests/1 http.response.status=500"#;
    const STORED: &str =
        r#"10.0.0.7 - - [28/Nov/2026:15:23:21 +0000] "PUT /v2/a/manifests/1 HTTP/1.1" 201 0 "" "a""#;
    const PULL: &str =
        r#"10.0.0.7 - - [28/Nov/2026:15:23:21 +0000] "GET /v2/a/manifests/1 HTTP/1.1" 200 0 "" "a""#;

    /// A log whose lines were written at these seconds.
    fn log(lines: &[(u32, &str)]) -> String {
        let line = |(second, said): &(u32, &str)| format!("2026-11-28T15:23:{second:02}.549925067Z {said}\n");
        lines.iter().map(line).collect()
    }

    fn full_at(logs: &[String]) -> Option<String> {
        let full = judge(logs.iter().map(String::as_str))?;
        Some(full.since.strftime("%S").to_string())
    }

    #[test]
    fn the_newest_push_counts() {
        let full = log(&[(1, STORED), (2, NO_ROOM), (3, NO_ROOM), (4, PULL)]);
        assert_eq!(full_at(&[full]).as_deref(), Some("03"));
        assert_eq!(full_at(&[log(&[(1, NO_ROOM), (2, STORED), (3, PULL)])]), None);
        assert_eq!(full_at(&[log(&[(1, PULL)]), String::new(), "no time\n\n".to_owned()]), None);
        assert_eq!(full_at(&[]), None);
    }

    #[test]
    fn what_any_of_the_pods_has_stored_counts() {
        let (older, newer) = (log(&[(1, STORED), (4, NO_ROOM)]), log(&[(2, NO_ROOM), (5, STORED)]));
        assert_eq!(full_at(&[newer, older.clone()]), None);
        assert_eq!(full_at(&[log(&[(3, STORED)]), older]).as_deref(), Some("04"));
    }

    #[test]
    fn it_says_since_when_and_how_it_is_known() {
        let full = judge([log(&[(7, NO_ROOM)]).as_str()]).unwrap();
        let cause = "the volume is full: at 2026-11-28T15:23:07Z a push failed for lack of space, and none has \
                     succeeded since; make it larger (`storage.volume.size`)";
        assert_eq!(full.cause(), cause);
    }

    fn claim(address: &str, phase: &str) -> Value {
        let labels = json!({"app.kubernetes.io/name": "registry", "app.kubernetes.io/instance": "images", "team": "a"});
        json!({"metadata": {"annotations": {ADDRESS: address}, "labels": labels}, "status": {"phase": phase}})
    }

    #[test]
    fn only_the_claim_of_a_registry_is_one() {
        let is = |kind: &str, address: &str, phase: &str| {
            is_of_registry(&Identity::namespaced("", kind, "a", "images"), &claim(address, phase))
        };
        let (kind, address) = ("PersistentVolumeClaim", "registry.main/PersistentVolumeClaim/images");
        assert!(is(kind, address, "Bound"));
        assert!(!is(kind, address, "Pending"));
        assert!(!is("ConfigMap", address, "Bound"));
        assert!(!is(kind, "resource.registry", "Bound") && !is(kind, "", "Bound"));
        assert!(!is_of_registry(&Identity::namespaced("", kind, "a", "images"), &json!({})));
    }

    #[test]
    fn its_pods_are_found_by_the_labels_that_are_not_the_users() {
        let labels = labels_of_pods(&claim("registry.main", "Bound"));
        let labels: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(labels, ["app.kubernetes.io/instance=images", "app.kubernetes.io/name=registry"]);
        assert!(labels_of_pods(&json!({})).is_empty());
    }

    #[test]
    fn a_pod_that_is_not_ready_or_goes_has_another_story() {
        let claim = Identity::namespaced("", "PersistentVolumeClaim", "a", "images");
        let pod = |ready: &str| {
            json!({"metadata": {}, "spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "images"}}]},
                "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}})
        };
        assert!(serves_from(&pod("True"), &claim) && !serves_from(&pod("False"), &claim));
        let mut ending = pod("True");
        ending["metadata"]["deletionTimestamp"] = json!("2026-11-28T15:23:07Z");
        assert!(!serves_from(&ending, &claim));
        let other = Identity { name: "others".to_owned(), ..claim };
        assert!(!serves_from(&pod("True"), &other));
    }
}
