//! Compares what was applied with what is there.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::drift::{self, Drift, Finding, Status};
use crate::provider::Provider;
use crate::resource::{Address, ClusterIdentity, Identity, Reading, Target};
use crate::state::{State, StoredResource};

/// Whether Secrets are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// Like everything else. Their values are compared, and never shown.
    Read,
    /// No request for one is sent: it would take the right to read them.
    LeaveOut,
}

/// Compares what was applied with what is there. Nothing is sent but gets, lists and discovery.
pub async fn drift(
    state: &State,
    cluster: &ClusterIdentity,
    provider: &dyn Provider,
    secrets: Secrets,
) -> Drift {
    let at = Timestamp::now();
    let doubted: BTreeSet<&Address> = state.in_doubt.iter().map(|intent| &intent.address).collect();
    let is_left_out = |identity: &Identity| secrets == Secrets::LeaveOut && identity.is("", "Secret");
    let mut found: BTreeMap<&Address, Finding> = BTreeMap::new();
    let mut wanted: Vec<(&Address, &StoredResource)> = Vec::new();
    for (address, resource) in &state.resources {
        let identity = &resource.identity;
        if is_left_out(identity) {
            found.insert(address, finding(address, identity, Status::LeftOut));
        } else if doubted.contains(address) {
            found.insert(address, finding(address, identity, Status::InDoubt));
        } else {
            wanted.push((address, resource));
        }
    }
    // What a run was about to make, and perhaps has made.
    for intent in state.in_doubt.iter().filter(|intent| !state.resources.contains_key(&intent.address)) {
        let identity = &intent.target.identity;
        let status = if is_left_out(identity) { Status::LeftOut } else { Status::InDoubt };
        found.insert(&intent.address, finding(&intent.address, identity, status));
    }
    let targets: Vec<Target> = wanted.iter().map(|(_, resource)| resource.target()).collect();
    let readings: Vec<Reading> = provider.read(&targets).await;
    for ((address, resource), reading) in wanted.into_iter().zip(&readings) {
        let status = drift::observe(&state.project, resource, reading);
        found.insert(address, finding(address, &resource.identity, status));
    }
    Drift {
        project: state.project.clone(),
        lineage: state.lineage.to_string(),
        serial: state.serial,
        cluster: cluster.clone(),
        at,
        unfinished: state.unfinished.clone(),
        findings: found.into_values().collect(),
    }
}

fn finding(address: &Address, identity: &Identity, status: Status) -> Finding {
    Finding { address: address.clone(), identity: identity.clone(), status }
}
