//! Finds what was applied last, and compares it with the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::cluster_check::check_cluster;
use super::factories::BackendSettings;
use super::redacting::RedactingProvider;
use super::{Error, Head, Host, Settings};
use crate::config::ClusterSettings;
use crate::drift::{self, Drift, Finding, Status};
use crate::provider::Provider;
use crate::resource::{Address, ClusterIdentity, Identity, Reading, Target};
use crate::state::{self, State, StoredResource};

/// Whether Secrets are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// They are read like everything else. Their values are compared, and never shown.
    Read,
    /// No request for a Secret is sent, so that no right to read them is needed.
    LeaveOut,
}

/// What was applied last, and in which cluster. It can be read without the configuration.
#[derive(Debug)]
pub struct AppliedState {
    state: State,
    cluster: ClusterSettings,
    host: Host,
}

impl AppliedState {
    /// Reads it from this state. The head of the configuration, if given, says which project and which
    /// cluster are expected; without it, the state's own are used.
    ///
    /// # Errors
    /// There is no state ([`Error::NoState`]), or it cannot be read.
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

    /// Compares it with the cluster. Only gets, lists and discovery are sent.
    ///
    /// # Errors
    /// The settings contradict the configuration; or the cluster cannot be reached, or is another one. A
    /// single resource that cannot be read is no error: it is in the result.
    #[tracing::instrument(skip_all, fields(project = self.state.project, resources = self.state.resources.len()))]
    pub async fn drift(&self, settings: &Settings, secrets: Secrets) -> Result<Drift, Error> {
        let provider = self.host.providers.connect(&settings.connection(&self.cluster)?).await?;
        let provider = RedactingProvider::around(provider, Arc::default());
        let cluster = provider.cluster().identity().await?;
        check_cluster(&self.cluster, self.state.cluster.as_ref(), &cluster)?;
        let drift = drift(&self.state, &cluster, &provider, secrets).await;
        match provider.cluster().outage().await {
            Some(problem) => Err(problem.into()),
            None => Ok(drift),
        }
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
    // These are objects that an interrupted run was about to make, and perhaps has made.
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
