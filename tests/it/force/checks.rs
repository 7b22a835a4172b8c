//! What is true after a kill, and what is true once a run has come to its end.

use std::collections::BTreeMap;

use serde_json::Value;

use super::shop::{PROTECTED, TYPES};
use crate::harness::{Namespace, Project};

/// What is asserted after each kill, in words, for `docs/reliability.md`.
pub(crate) const AFTER_A_KILL: [&str; 3] = [
    "The state can be read: `state pull` ends with 0, or says that there is none yet.",
    "What is protected lives: it has the uid that it had before.",
    "Each request to change something in the server's audit log was announced in the journal of the run in whose time \
     it came.",
];

/// What is asserted once a run has come to its end.
pub(crate) const AT_THE_END: [&str; 6] = [
    "The next run of the same command ends with 0.",
    "Each request of it to change something is told by the revision that it made: its journal is gone by then.",
    "A plan after it has nothing to change, and ends with 0 (`--detailed-exitcode`).",
    "The state has no unfinished run, and no doubts but about what a destroy has let stay.",
    "Each object with our annotations is in the state, by its uid, and each resource of the state is in the cluster.",
    "No address is on two objects, and no object is at two addresses.",
];

/// What is asserted of a move, in words.
pub(crate) const OF_A_MOVE: [&str; 3] = [
    "One place counts: the old one until it says that the state has moved, and the new one from then on. It has the state, \
     every revision, and the key of plan files, as they were before.",
    "The server was asked to change nothing but what the state is kept in.",
    "At the end: `history`, `show` of each revision and `state pull` show what they showed before; the secret values of each \
     revision are the same; the old place refuses, a plan at the new one has nothing to change, and both locks are free.",
];

/// The protected objects that were seen, with their uids.
#[derive(Debug, Default)]
pub(crate) struct Guarded(BTreeMap<&'static str, String>);

impl Guarded {
    /// Fails unless all that were seen live.
    #[track_caller]
    pub(crate) fn check(&mut self, ns: &Namespace, context: &str) {
        let targets = ["pvc/data", "configmap/terms", "namespace/{prefix}-s", "secret/{project}-token"];
        for (address, target) in PROTECTED.into_iter().zip(targets) {
            let living = ns.find(target).filter(|object| object["metadata"]["deletionTimestamp"].is_null());
            let uid = living.map(|object| object["metadata"]["uid"].as_str().unwrap().to_owned());
            if let Some(before) = self.0.get(address) {
                assert_eq!(
                    uid.as_ref(),
                    Some(before),
                    "{context}: {address} is protected, and another one, or gone"
                );
            }
            self.0.extend(uid.map(|uid| (address, uid)));
        }
    }
}

/// The content of the state; `None` where there is none yet. Fails where it cannot be read.
#[track_caller]
pub(crate) fn pulled(project: &Project<'_>, context: &str) -> Option<Value> {
    let pull = project.run(["state", "pull"]).any();
    if !pull.succeeded() {
        pull.check(
            pull.stderr().contains("there is no state"),
            &format!("{context}: should have a state that can be read"),
        );
        return None;
    }
    Some(pull.json()["content"].clone())
}

/// Fails where the last run has left something open. What is in doubt may only be what the run did not touch.
#[track_caller]
pub(crate) fn is_settled(state: &Value, untouched: &[&str], context: &str) {
    assert!(state.get("unfinished").is_none(), "{context}: {:#}", state["unfinished"]);
    let doubts = state.get("in_doubt").and_then(Value::as_array);
    let doubts = doubts.into_iter().flatten().filter_map(|intent| intent["address"].as_str());
    let open: Vec<&str> = doubts.filter(|address| !untouched.contains(address)).collect();
    assert!(open.is_empty(), "{context}: in doubt: {open:?}");
}

/// Fails unless the state and the cluster know the same objects, each of them once.
#[track_caller]
pub(crate) fn agree(ns: &Namespace, state: &Value, context: &str) {
    let known: BTreeMap<&str, &str> = state["resources"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(address, resource)| (resource["uid"].as_str().unwrap(), address.as_str()))
        .collect();
    assert_eq!(
        known.len(),
        state["resources"].as_object().unwrap().len(),
        "{context}: an object at two addresses"
    );
    let ours = annotated(ns);
    let unknown: Vec<_> = ours.iter().filter(|(uid, _)| !known.contains_key(uid.as_str())).collect();
    assert!(unknown.is_empty(), "{context}: annotated as ours, but not in the state: {unknown:?}");
    let gone: Vec<_> = known.iter().filter(|(uid, _)| !ours.contains_key(**uid)).collect();
    assert!(gone.is_empty(), "{context}: in the state, but not in the cluster: {gone:?}");
    for (uid, address) in &ours {
        assert_eq!(known[uid.as_str()], address, "{context}: {uid} has the annotation of another address");
    }
}

/// The addresses of all objects with our annotations, by uid. What controllers have copied them to is left out.
fn annotated(ns: &Namespace) -> BTreeMap<String, String> {
    let places = [ns.name(), format!("{}-s", ns.prefix())];
    let inside = places
        .iter()
        .flat_map(|namespace| TYPES.into_iter().flat_map(|name| ns.cluster().items(namespace, name)));
    let whole = ns.cluster().items("", "namespace");
    let project = ns.project_name();
    let is_ours = |object: &Value| {
        object["metadata"]["annotations"]["regplan.dev/project"] == project.as_str()
            && object["metadata"]["ownerReferences"].is_null()
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    inside
        .chain(whole)
        .filter(is_ours)
        .map(|object| {
            let metadata = &object["metadata"];
            (text(&metadata["uid"]), text(&metadata["annotations"]["regplan.dev/address"]))
        })
        .collect()
}
