//! Finds what was applied last, and compares it with the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::backend_settings::BackendSettings;
use super::cluster_check::check_cluster;
use super::introducing::introduction;
use super::newest_state::Register;
use super::redacting::RedactingProvider;
use super::state_access::{StateAccess as _, place_name};
use super::{Error, Head, Host, Settings};
use crate::config::ClusterSettings;
use crate::drift::{self, Additions, Drift, Finding, HealthCheck, Observation, Status};
use crate::kubernetes::readiness::Standard;
use crate::provider::{Checkup, Provider};
use crate::resource::{
    Address, ClusterIdentity, EndingCertificates, Identity, Reading, Target, is_house_group,
};
use crate::state::{self, Freshness, Intent, OpenRun, State, StoredResource};

/// Whether Secrets are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Secrets {
    /// They are read like everything else. Their values are compared, and never shown.
    #[default]
    Read,
    /// No request for a Secret is sent, so that no right to read them is needed.
    LeaveOut,
}

/// What is looked at, and what counts as drift.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DriftOptions {
    /// Whether Secrets are read.
    pub secrets: Secrets,
    /// What additions of others count as.
    pub additions: Additions,
    /// Whether the health of objects counts.
    pub health: HealthCheck,
}

/// What was applied last, and in which cluster. It can be read without the configuration.
#[derive(Debug)]
pub struct AppliedState {
    state: State,
    open_run: OpenRun,
    place: String,
    cluster: ClusterSettings,
    /// The namespace in which it is recorded which copy of the state is the newest one; `None` where there is but one.
    recorded_in: Option<String>,
    /// The folder of the configuration; that of the process where there is none.
    folder: PathBuf,
    host: Host,
}

impl AppliedState {
    /// Reads it from this state. The head of the configuration, if given, says which project and which
    /// cluster are expected; without it, the state's own are used.
    ///
    /// # Errors
    /// There is no state ([`Error::NoState`]), or it cannot be read.
    pub async fn find(
        host: Host,
        backend_settings: &BackendSettings,
        head: Option<&Head>,
    ) -> Result<Self, Error> {
        let backend = host.backends.open(backend_settings).await?;
        let nothing = || Error::NoState { place: backend.place() };
        let project = match head {
            Some(head) => Some(head.project.clone()),
            None => backend.load().await?.map(|state| state.project),
        };
        let view = state::view(backend.as_ref(), &project.ok_or_else(nothing)?).await?;
        if !view.exists {
            return Err(nothing());
        }
        let open_run = match view.open_run() {
            Some(run) => OpenRun::of(run, backend.as_ref()).await,
            // Another run has locked the state since then.
            None => OpenRun::Killed,
        };
        let cluster = head.map(|head| head.cluster.clone()).unwrap_or_default();
        let beside = match backend_settings {
            BackendSettings::Beside { folder, .. } => Some(folder.as_path()),
            BackendSettings::Folder { .. } | BackendSettings::Objects(_) | BackendSettings::Cluster(_) => {
                None
            }
        };
        let place = place_name(&view.place, beside);
        let recorded_in = backend_settings.recorded_in().map(str::to_owned);
        let folder = head.map(|head| head.folder.as_path()).or(beside).unwrap_or(Path::new("")).to_owned();
        Ok(Self { state: view.state, open_run, place, cluster, recorded_in, folder, host })
    }

    /// Compares it with the cluster. Only gets, lists and discovery are sent.
    ///
    /// # Errors
    /// The settings contradict the configuration; or the cluster cannot be reached, or is another one. A
    /// single resource that cannot be read is no error: it is in the result.
    #[tracing::instrument(skip_all, fields(project = self.state.project, resources = self.state.resources.len()))]
    pub async fn drift(&self, settings: &Settings, options: DriftOptions) -> Result<Drift, Error> {
        let provider = self.host.providers.connect(&settings.connection(&self.cluster)?).await?;
        let provider = RedactingProvider::around(provider, Arc::default());
        provider.introduce(&introduction(&self.state, None, &self.folder));
        let cluster = provider.cluster().identity().await?;
        let cluster = check_cluster(&self.cluster, self.state.cluster.as_ref(), cluster)?;
        let at = Timestamp::now();
        let (found, freshness) =
            tokio::join!(findings(&self.state, &provider, options), self.freshness(&provider));
        if let Some(problem) = provider.cluster().outage().await {
            return Err(problem.into());
        }
        Ok(Drift { freshness, ..self.drift_of(cluster, provider.cluster().context(), at, found) })
    }
}

impl AppliedState {
    async fn freshness(&self, provider: &dyn Provider) -> Freshness {
        match Register::of(provider, &self.state, self.recorded_in.as_deref()) {
            Some(register) => register.compare(&self.state).await,
            None => Freshness::Newest,
        }
    }

    fn drift_of(
        &self,
        cluster: ClusterIdentity,
        context: Option<&str>,
        at: Timestamp,
        Found { findings, ending }: Found,
    ) -> Drift {
        Drift {
            project: self.state.project.clone(),
            lineage: self.state.lineage.to_string(),
            serial: self.state.serial,
            cluster,
            context: context.map(str::to_owned),
            state: self.place.clone(),
            at,
            unfinished: self.state.unfinished.clone(),
            open_run: self.open_run.clone(),
            freshness: Freshness::default(),
            ending,
            findings,
        }
    }
}

/// What was found in the cluster.
struct Found {
    findings: Vec<Finding>,
    ending: Vec<EndingCertificates>,
}

/// What was found of each resource that the state knows, and of the namespaces that they share, sorted by address.
async fn findings(state: &State, provider: &dyn Provider, options: DriftOptions) -> Found {
    let is_doubted = |address: &Address, identity: &Identity| {
        // The run may have known the object under another address (`[[moved]]`).
        state.in_doubt.iter().any(|doubt| doubt.address == *address || doubt.target.identity == *identity)
    };
    let is_left_out = |identity: &Identity| options.secrets == Secrets::LeaveOut && identity.is("", "Secret");
    let mut found: BTreeMap<&Address, Finding> = BTreeMap::new();
    let mut wanted: Vec<(&Address, &StoredResource)> = Vec::new();
    for (address, resource) in &state.resources {
        let identity = &resource.identity;
        if is_left_out(identity) {
            found.insert(address, finding(address, identity, Status::LeftOut.into()));
        } else if is_doubted(address, identity) {
            found.insert(address, finding(address, identity, Status::InDoubt.into()));
        } else {
            wanted.push((address, resource));
        }
    }
    // These are objects that an interrupted run was about to make, and perhaps has made.
    let known: BTreeSet<&Identity> = state.resources.values().map(|known| &known.identity).collect();
    let is_new = |doubt: &&Intent| {
        !state.resources.contains_key(&doubt.address) && !known.contains(&doubt.target.identity)
    };
    for intent in state.in_doubt.iter().filter(is_new) {
        let identity = &intent.target.identity;
        let status = if is_left_out(identity) { Status::LeftOut } else { Status::InDoubt };
        found.insert(&intent.address, finding(&intent.address, identity, status.into()));
    }
    let targets: Vec<Target> = wanted.iter().map(|(_, resource)| resource.target()).collect();
    let readings: Vec<Reading> = provider.read(&targets).await;
    let read =
        wanted.iter().zip(&readings).map(|((address, resource), reading)| (*address, *resource, reading));
    let ending = drift::ending_certificates(read, Timestamp::now());
    let mut lacking = lacking(&wanted, &readings, provider, options.health).await;
    for ((address, resource), reading) in wanted.into_iter().zip(&readings) {
        let mut observation = drift::observe(&state.project, resource, reading, options.additions);
        if let Some(lacking) = lacking.remove(address) {
            observation = drift::with_health(observation, resource, lacking);
        }
        found.insert(address, finding(address, &resource.identity, observation));
    }
    let mut findings: Vec<Finding> = found.into_values().collect();
    findings.extend(shared_namespaces(&known, provider).await);
    if !state.selections.is_empty() {
        let labels = provider.cluster().namespaces().await;
        drift::observe_selections(state, &labels, &mut findings);
    }
    findings.sort_by(|a, b| a.address.cmp(&b.address));
    Found { findings, ending }
}

/// What was found of the namespaces in which these objects lie, and which are not among them. Those that serve their
/// purpose are not listed.
async fn shared_namespaces(known: &BTreeSet<&Identity>, provider: &dyn Provider) -> Vec<Finding> {
    let within = known.iter().filter(|identity| !is_house_group(&identity.group));
    let names: BTreeSet<&str> = within.filter_map(|identity| identity.namespace.as_deref()).collect();
    let namespaces = names.into_iter().map(|name| Identity::cluster("", "Namespace", name));
    let targets: Vec<Target> = namespaces
        .filter(|namespace| !known.contains(namespace))
        .map(|identity| Target { identity, version: None })
        .collect();
    let readings = provider.read(&targets).await;
    let findings = targets.iter().zip(&readings).filter_map(|(Target { identity, .. }, reading)| {
        let status = drift::observe_shared_namespace(reading)?;
        Some(finding(&Address::block("namespace", &identity.name), identity, status.into()))
    });
    findings.collect()
}

/// What the objects lack that are not ready, by address.
async fn lacking<'s>(
    wanted: &[(&'s Address, &StoredResource)],
    readings: &[Reading],
    provider: &dyn Provider,
    health: HealthCheck,
) -> BTreeMap<&'s Address, String> {
    if health == HealthCheck::LeftOut {
        return BTreeMap::new();
    }
    let unready = wanted.iter().zip(readings).filter_map(|((address, resource), reading)| match reading {
        Reading::Present(live) if drift::is_asked_about(resource, reading) => {
            let (live, rule) = (Arc::clone(live), resource.ready.clone());
            let standard = Standard::of(resource.readiness.awaited_since());
            Some((*address, Checkup { live, target: resource.target(), rule, standard }))
        }
        _ => None,
    });
    let (addresses, checkups): (Vec<_>, Vec<_>) = unready.unzip();
    let answers = if checkups.is_empty() { Vec::new() } else { provider.lacks(&checkups).await };
    addresses.into_iter().zip(answers).filter_map(|(address, lacking)| Some((address, lacking?))).collect()
}

fn finding(address: &Address, identity: &Identity, observation: Observation) -> Finding {
    let Observation { status, health, added, foreign } = observation;
    Finding { address: address.clone(), identity: identity.clone(), status, health, added, foreign }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::testing::FakeCluster;
    use super::*;
    use crate::provider::Router;
    use crate::state::{IntentKind, Provenance};

    #[tokio::test]
    async fn an_object_whose_new_address_no_run_has_recorded_is_listed_once() {
        let target = Target { identity: Identity::namespaced("", "ConfigMap", "a", "c"), version: None };
        let (old, new) = (Address::block("resource", "old"), Address::block("resource", "new"));
        let mut state = State::new("p");
        state.resources.insert(old.clone(), StoredResource::new(target.clone(), "u", Provenance::Created));
        state.in_doubt.push(Intent { address: new, action: IntentKind::Delete, target, renews: false });
        let provider = Router::new(Arc::new(FakeCluster::default()));
        let found = findings(&state, &provider, DriftOptions::default()).await;
        let told: Vec<_> = found.findings.iter().map(|found| (&found.address, &found.status)).collect();
        // The cluster in memory has no namespaces.
        let namespace = Address::block("namespace", "a");
        assert_eq!(told, [(&namespace, &Status::Gone), (&old, &Status::InDoubt)]);
    }
}
