//! What the tests of this room share.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::resource::{Address, Applied, ClusterIdentity, Held, Identity, Target, Timeouts};

/// A folder in memory where there is one: these tests sync thousands of times.
pub(super) fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::tempdir_in(place).unwrap()
}

pub(super) fn backend(folder: &Path) -> Box<LocalBackend> {
    Box::new(LocalBackend::new(Location::at(folder.join("state"))))
}

pub(super) fn address(name: &str) -> Address {
    Address::block("resource", name)
}

pub(super) fn identity(name: &str) -> Identity {
    Identity::namespaced("", "ConfigMap", "team-a", name)
}

pub(super) fn resource(name: &str) -> Resource {
    Resource {
        identity: identity(name),
        version: Some("v1".to_owned()),
        uid: format!("uid-of-{name}"),
        dependencies: vec![Address::block("namespace", "team-a")],
        protect: false,
        keys: BTreeSet::new(),
        timeouts: Timeouts::default(),
        provenance: Provenance::Created,
        applied: Some(Arc::new(Applied {
            resource_version: "42".to_owned(),
            sent: "sha256:1".to_owned(),
            fields: BTreeMap::from([("data.hello".to_owned(), Held::Value("world".into()))]),
        })),
    }
}

pub(super) fn written(name: &str) -> Outcome {
    Outcome::Written { resource: Box::new(resource(name)) }
}

pub(super) fn deleted(name: &str) -> Outcome {
    Outcome::Deleted { identity: identity(name) }
}

pub(super) fn failed(in_doubt: bool) -> Outcome {
    Outcome::Failed { reason: "the server said no".to_owned(), in_doubt }
}

pub(super) fn intent(action: IntentKind, name: &str) -> Intent {
    let target = Target { identity: identity(name), version: Some("v1".to_owned()) };
    Intent { address: address(name), action, target }
}

pub(super) fn cluster(uid: &str) -> ClusterIdentity {
    ClusterIdentity { uid: Some(uid.to_owned()), server: "https://cluster".to_owned(), ca_digest: None }
}

pub(super) fn run(intents: Vec<Intent>) -> NewRun {
    NewRun { plan: "sha256:plan".to_owned(), cluster: cluster("c1"), intents }
}

pub(super) fn completion() -> Completion {
    Completion {
        configuration: "sha256:configuration".to_owned(),
        changed: [(address("a"), IntentKind::Create)].into(),
        desired: [(address("a"), serde_json::json!({"kind": "ConfigMap", "data": {"x": "1"}}))].into(),
        withheld: [(address("a"), vec!["data.password".parse().unwrap()])].into(),
        left_out: BTreeSet::new(),
    }
}

/// The names in a folder, sorted.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub(super) fn place() -> PathBuf {
    PathBuf::from("state.json")
}
