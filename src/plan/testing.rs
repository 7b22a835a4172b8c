//! Objects for the tests of this room and its neighbours.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::kubernetes::field_manager;
use crate::plan::{Briefing, Change, Mode, Plan, Unknown};
use crate::resource::{ClusterIdentity, Live, ManagedEntry, Operation, Ownership, Stamp};
use crate::state::Freshness;

/// The project whose objects these are.
pub(crate) const PROJECT_NAME: &str = "p";

/// What a manager owns of an object in the API version `v1`.
pub(crate) fn entry(manager: &str, operation: Operation, paths: &[&str]) -> ManagedEntry {
    ManagedEntry {
        manager: manager.to_owned(),
        operation,
        api_version: "v1".to_owned(),
        time: None,
        subresource: None,
        fields: paths.iter().map(|path| path.parse().unwrap()).collect(),
    }
}

/// An object that was read.
pub(crate) fn live(object: Value, entries: Vec<ManagedEntry>) -> Live {
    let stamp = Stamp { uid: "u".into(), version: "1".into() };
    Live { object, stamp, ownership: Ownership { entries } }
}

/// An object of which we own these fields by apply.
pub(crate) fn owned(object: Value, paths: &[&str]) -> Live {
    let api_version = object["apiVersion"].as_str().unwrap().to_owned();
    let ours = entry(&field_manager(PROJECT_NAME), Operation::Apply, paths);
    live(object, vec![ManagedEntry { api_version, ..ours }])
}

/// A Deployment with this `spec`.
pub(crate) fn deployment(spec: Value) -> Value {
    let mut object = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "a", "labels": {"app": "web"}}});
    object["spec"] = spec;
    object
}

/// A plan with these changes, and nothing else to say.
pub(crate) fn plan(changes: Vec<Change>) -> Plan {
    Plan {
        project: PROJECT_NAME.into(),
        lineage: "a".repeat(32),
        serial: 0,
        revision: None,
        mode: Mode::Apply,
        cluster: ClusterIdentity { uid: None, server: "https://s".into(), ca_digest: None },
        changes,
        leaving: BTreeMap::new(),
        refusals: Vec::new(),
        notes: Vec::new(),
        targets: Vec::new(),
        left_out: Vec::new(),
        lineage_obstacle: None,
        unknown: Unknown::default(),
        freshness: Freshness::default(),
        briefing: Briefing::default(),
        digest: "sha256:plan".into(),
    }
}
