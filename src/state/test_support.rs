//! Parts that the tests of this room share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::diagnostic::Sources;
use crate::resource::{Address, Applied, ClusterIdentity, Desired, Held, Identity, SentObject, Target};

/// A folder, in memory where that is possible, since these tests sync thousands of times.
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

/// The outcome of a write: the resource is written, and not ready yet.
pub(super) fn resource(name: &str) -> StoredResource {
    let target = Target { identity: identity(name), version: Some("v1".to_owned()) };
    StoredResource {
        dependencies: vec![Address::block("namespace", "team-a")],
        readiness: Readiness::NotReady { since: jiff::Timestamp::UNIX_EPOCH },
        applied: Some(Arc::new(Applied {
            resource_version: "42".to_owned(),
            sent: "sha256:1".to_owned(),
            sent_object: Some(SentObject::new(&object(name))),
            fields: BTreeMap::from([("data.hello".to_owned(), Held::Value("world".into()))]),
            foreign_items: Some(["data.theirs".to_owned()].into()),
            ..Applied::default()
        })),
        ..StoredResource::new(target, format!("uid-of-{name}"), Provenance::Created)
    }
}

pub(super) fn object(name: &str) -> serde_json::Value {
    serde_json::json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "team-a"},
        "data": {"hello": "world"},
    })
}

pub(super) fn desired(name: &str) -> StoredDesired {
    let mut desired = Desired::new(address(name), object(name)).unwrap();
    desired.sensitive.insert("data.hello".parse().unwrap(), ());
    StoredDesired::new(&desired, &Sources::default())
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
    Intent { address: address(name), action, target, renews: false }
}

pub(super) fn cluster(uid: &str) -> ClusterIdentity {
    ClusterIdentity { uid: Some(uid.to_owned()), server: "https://cluster".to_owned(), ca_digest: None }
}

pub(super) fn run(intents: Vec<Intent>) -> NewRun {
    NewRun { plan: "sha256:plan".to_owned(), cluster: cluster("c1"), read_from: ReadFrom::default(), intents }
}

pub(super) fn completion() -> Completion {
    Completion {
        command: "apply".to_owned(),
        configuration: "sha256:configuration".to_owned(),
        changed: [(address("a"), IntentKind::Create)].into_iter().collect(),
        desired: [(address("a"), desired("a"))].into(),
        ..Completion::default()
    }
}

/// The bytes of a file with this content.
pub(super) fn file(content: &impl serde::Serialize) -> Vec<u8> {
    format::write(&place(), content).unwrap()
}

/// A file that was written in format 1.
pub(super) fn format_1(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/formats/1").join(name)).unwrap()
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
