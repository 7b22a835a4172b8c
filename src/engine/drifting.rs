//! Finds what was applied last, and compares it with what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::cluster::check_cluster;
use super::factory::BackendSettings;
use super::redacting::RedactingProvider;
use super::{Error, Head, Host, Settings};
use crate::config::ClusterSettings;
use crate::drift::{self, Drift, Finding, Status};
use crate::provider::Provider;
use crate::resource::{Address, ClusterIdentity, Identity, Reading, Target};
use crate::state::{self, State, StoredResource};

/// Whether Secrets are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// Like everything else. Their values are compared, and never shown.
    Read,
    /// No request for one is sent: it would take the right to read them.
    LeaveOut,
}

/// What was applied last, and which cluster is meant. The configuration of it need not be there.
#[derive(Debug)]
pub struct AppliedState {
    state: State,
    cluster: ClusterSettings,
    host: Host,
}

impl AppliedState {
    /// Looks it up in this state. The head of the configuration, where there is one, says which project and
    /// which cluster is meant; without it, the state says so itself.
    ///
    /// # Errors
    /// Where there is no state ([`Error::NoState`]), or none that can be read.
    pub async fn find(host: Host, backend: &BackendSettings, head: Option<&Head>) -> Result<Self, Error> {
        let backend = host.backends.open(backend).await?;
        let nothing = || Error::NoState { place: backend.place() };
        let project = match head {
            Some(head) => Some(head.project.clone()),
            None => backend.load().await?.map(|state| state.project),
        };
        let view = state::view(backend.as_ref(), &project.ok_or_else(nothing)?).await?;
        if !view.exists {
            return Err(nothing());
        }
        let cluster = head.map(|head| head.cluster.clone()).unwrap_or_default();
        Ok(Self { state: view.state, cluster, host })
    }

    /// Compares it with what is there. Nothing is sent but gets, lists and discovery.
    ///
    /// # Errors
    /// Settings that contradict the configuration; a cluster that cannot be reached, or that is not the one
    /// that is meant. What cannot be observed of a single resource is in the result.
    #[tracing::instrument(skip_all, fields(project = self.state.project, resources = self.state.resources.len()))]
    pub async fn drift(&self, settings: &Settings, secrets: Secrets) -> Result<Drift, Error> {
        let provider = self.host.providers.connect(&settings.connection(&self.cluster)?).await?;
        let provider = RedactingProvider::around(provider, Arc::default());
        let cluster = provider.cluster().identity().await?;
        check_cluster(&self.cluster, self.state.cluster.as_ref(), &cluster)?;
        Ok(drift(&self.state, &cluster, &provider, secrets).await)
    }
}

async fn drift(state: &State, cluster: &ClusterIdentity, provider: &dyn Provider, secrets: Secrets) -> Drift {
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
