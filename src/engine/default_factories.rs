//! The factories that the program uses: for Kubernetes clusters, and for the places of states.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Error;
use super::backend_settings::{BackendSettings, ClusterBackend, ObjectBackend};
use super::cluster_check::check_cluster;
use super::factories::Variables;
use super::factories::{BackendFactory, ProviderFactory};
use super::needs::secret_in_file;
use super::settings::ConnectionSettings;
use crate::config::{ClusterState, Encryption};
use crate::provider::dns::Dns;
use crate::provider::kubernetes::{
    self, ClusterShelf, Connections, Ensured, Environment, Kubernetes, Made, Manifests, PullEntries,
};
use crate::provider::{Cluster, Provider, Router};
use crate::resource::record_set::RECORDS_GROUP;
use crate::resource::{PULL_ENTRY_GROUP, Problem, ProblemKind};
use crate::state::{
    Backend, KeyMaking, LeaseTimes, LocalBackend, Location, Seal, SharedBackend, Shelf, StateError, Telling,
    connect_object_store,
};

/// Reaches Kubernetes clusters, as `kubectl` does. Whoever shares it shares connections: a program that gives credentials
/// runs once.
pub struct Clusters {
    environment: Environment,
    connections: Connections,
}

impl Clusters {
    /// `environment` has the variables `KUBECONFIG`, `HOME`, and those of proxies.
    pub fn new(environment: Environment) -> Self {
        Self { environment, connections: Connections::default() }
    }

    async fn connect(&self, settings: &ConnectionSettings) -> Result<Kubernetes, Problem> {
        let ConnectionSettings {
            kubeconfig,
            context,
            in_cluster,
            connections,
            request_timeout,
            secret_variables,
            manual_records: _,
        } = settings.clone();
        let settings = kubernetes::Settings {
            kubeconfig,
            context,
            in_cluster,
            connections,
            request_timeout,
            secret_variables,
            environment: self.environment.clone(),
        };
        Kubernetes::connect_by(&settings, &self.connections).await
    }
}

/// Makes the providers: a Kubernetes cluster each, with the houses beside it.
pub struct KubernetesProviders {
    clusters: Arc<Clusters>,
    variables: Variables,
}

impl KubernetesProviders {
    /// Those that these clusters lead to; `variables` have the keys of other houses.
    pub fn new(clusters: Arc<Clusters>, variables: Variables) -> Self {
        Self { clusters, variables }
    }
}

#[async_trait]
impl ProviderFactory for KubernetesProviders {
    async fn connect(&self, settings: &ConnectionSettings) -> Result<Box<dyn Provider>, Problem> {
        let cluster = Arc::new(self.clusters.connect(settings).await?);
        let entries = Arc::new(PullEntries::of(Arc::clone(&cluster)));
        let records = Arc::new(
            Dns::new(Arc::clone(&self.variables), secret_in_file)
                .with_manual(settings.manual_records)
                .with_request_limit(settings.request_timeout),
        );
        Ok(Box::new(Router::new(cluster).with(PULL_ENTRY_GROUP, entries).with(RECORDS_GROUP, records)))
    }
}

/// How many requests a state needs at once: one, and one for its lock.
const CONNECTIONS: usize = 2;

/// Keeps states where the settings say.
pub struct StateBackends {
    clusters: Arc<Clusters>,
    variables: Variables,
    telling: Arc<Telling>,
}

impl StateBackends {
    /// `clusters` are those of [`KubernetesProviders`]; `variables` have the credentials of object stores.
    pub fn new(clusters: Arc<Clusters>, variables: Variables) -> Self {
        Self { clusters, variables, telling: Arc::new(|_| ()) }
    }

    /// Tells what the user should know while a command works.
    #[must_use]
    pub fn with_telling(mut self, telling: Arc<Telling>) -> Self {
        self.telling = telling;
        self
    }

    /// The shelf in a cluster, which must be the one of the configuration before anything is read from it.
    async fn shelf(&self, settings: &ClusterBackend) -> Result<ClusterShelf, Error> {
        let ClusterBackend { state, connection, cluster: expected } = settings;
        let connection = ConnectionSettings { connections: CONNECTIONS, ..connection.clone() };
        let cluster = self.clusters.connect(&connection).await?;
        if expected.uid.is_some() || expected.server.is_some() {
            check_cluster(expected, None, Cluster::identity(&cluster).await?)?;
        }
        Ok(ClusterShelf::new(&cluster, &state.namespace, &state.name))
    }

    fn in_cluster(
        &self,
        shelf: ClusterShelf,
        settings: &ClusterBackend,
        key_making: KeyMaking,
    ) -> SharedBackend {
        let times = times(settings.state.lock_duration, settings.connection.request_timeout);
        // Only who may read Secrets there may read them.
        self.on(Arc::new(shelf), times, key_making).with_seal(Some(Seal::ByPlace))
    }

    /// The state in an object store.
    fn in_objects(&self, settings: &ObjectBackend) -> Result<SharedBackend, Error> {
        let ObjectBackend { state, request_timeout } = settings;
        let shelf = connect_object_store(state, *request_timeout, self.variables.as_ref());
        let shelf = shelf.map_err(|problem| *problem)?;
        let times = times_in_objects(state.lock_duration, *request_timeout);
        let backend = self.on(Arc::new(shelf), times, KeyMaking::ByNeed);
        Ok(backend.with_seal(seal(state.encryption.as_ref())?))
    }

    fn on(&self, shelf: Arc<dyn Shelf>, times: LeaseTimes, key_making: KeyMaking) -> SharedBackend {
        let telling = Arc::clone(&self.telling);
        SharedBackend::new(shelf, times, key_making).with_telling(Box::new(move |remark| telling(remark)))
    }

    /// The key is made before the Roles: to make Roles takes more rights, and somebody else may have made them.
    async fn prepare_in_cluster(&self, settings: &ClusterBackend) -> Result<Vec<Ensured>, Error> {
        let ClusterState { namespace, name, .. } = &settings.state;
        let shelf = self.shelf(settings).await?;
        let Manifests { places, roles } = kubernetes::manifests(namespace, name);
        let mut ensured = shelf.ensure(&places).await?;
        let backend = self.in_cluster(shelf.clone(), settings, KeyMaking::ByNeed);
        ensured.push(ensure_key(&backend).await.map_err(without_a_role)?);
        ensured.extend(shelf.ensure(&roles).await?);
        Ok(ensured)
    }
}

#[async_trait]
impl BackendFactory for StateBackends {
    async fn open(&self, settings: &BackendSettings) -> Result<Box<dyn Backend>, Error> {
        let (location, encryption) = match settings {
            BackendSettings::Beside { folder, project, encryption, .. } => {
                (Location::beside(folder, project)?, encryption)
            }
            BackendSettings::Folder { folder, encryption, .. } => (Location::at(folder), encryption),
            BackendSettings::Objects(settings) => return Ok(Box::new(self.in_objects(settings)?)),
            BackendSettings::Cluster(settings) => {
                let shelf = self.shelf(settings).await?;
                return Ok(Box::new(self.in_cluster(shelf, settings, KeyMaking::ByInit)));
            }
        };
        Ok(Box::new(LocalBackend::new(location).with_seal(seal(encryption.as_ref())?)))
    }

    async fn prepare(&self, settings: &BackendSettings) -> Result<Vec<Ensured>, Error> {
        match settings {
            BackendSettings::Cluster(settings) => self.prepare_in_cluster(settings).await,
            BackendSettings::Objects(settings) => Ok(vec![ensure_key(&self.in_objects(settings)?).await?]),
            BackendSettings::Beside { .. } | BackendSettings::Folder { .. } => Ok(Vec::new()),
        }
    }
}

/// Makes the key of plan files where there is none.
async fn ensure_key(backend: &SharedBackend) -> Result<Ensured, StateError> {
    let made = if backend.key().await?.is_some() { Made::Before } else { Made::Now };
    // Whoever makes it is told which right is missing, and not to run this command.
    backend.make_key().await.map_err(StateError::without_key_as_refused)?;
    Ok(Ensured { name: backend.key_place().display().to_string(), made })
}

/// What the key takes, in words for whoever makes the Roles: there may be none yet to be bound to.
fn without_a_role(error: StateError) -> StateError {
    match error {
        StateError::Shelf { path, doing, problem } if problem.kind == ProblemKind::Forbidden => {
            let problem = problem.help(
                "let somebody with this right run `regplan state init`: it looks for the key of plan files, and makes it \
                 where there is none",
            );
            StateError::Shelf { path, doing, problem: Box::new(problem) }
        }
        error => error,
    }
}

/// How long a lock lasts. Whoever takes it over also waits for a request that its holder may have sent right before, and
/// which may live for so long.
fn times(duration: Duration, life: Option<Duration>) -> LeaseTimes {
    let usual = LeaseTimes::default().grace;
    LeaseTimes { duration, grace: life.map_or(usual, |life| life.min(usual)) }
}

/// The same in an object store, whose client repeats a request for as long again. It gives none more than 20 s, whatever the
/// limit.
fn times_in_objects(duration: Duration, request_timeout: Option<Duration>) -> LeaseTimes {
    times(duration, request_timeout.map(|limit| limit * 2))
}

/// How secret values are sealed; `None` where none are kept.
fn seal(encryption: Option<&Encryption>) -> Result<Option<Seal>, Problem> {
    let wrong = |reason| Problem::new(ProblemKind::Settings, reason).help("correct `[state] encryption`");
    encryption.map(|encryption| Seal::for_recipients(&encryption.recipients).map_err(wrong)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DURATION: Duration = Duration::from_secs(15);

    fn grace(times: LeaseTimes) -> u64 {
        assert_eq!(times.duration, DURATION, "the lock itself lasts as long as the configuration says");
        times.grace.as_secs()
    }

    #[test]
    fn a_takeover_waits_for_as_long_as_a_request_may_live() {
        let in_cluster = |limit: u64| grace(times(DURATION, Some(Duration::from_secs(limit))));
        assert_eq!([5, 20, 65, 600].map(in_cluster), [5, 20, 65, 65]);
        assert_eq!(grace(times(DURATION, None)), 65);
    }

    #[test]
    fn a_takeover_in_an_object_store_waits_for_the_repeated_request_too() {
        let in_objects = |limit: u64| grace(times_in_objects(DURATION, Some(Duration::from_secs(limit))));
        assert_eq!([5, 20, 600].map(in_objects), [10, 40, 65]);
        assert_eq!(grace(times_in_objects(DURATION, None)), 65);
    }
}
