//! The factories that the program uses: for Kubernetes clusters, and for the places of states.

use std::sync::Arc;

use async_trait::async_trait;

use super::Error;
use super::backend_settings::{BackendSettings, ClusterBackend};
use super::cluster_check::check_cluster;
use super::factories::{BackendFactory, ProviderFactory};
use super::settings::ConnectionSettings;
use crate::config::ClusterState;
use crate::provider::kubernetes::{self, ClusterShelf, Ensured, Environment, Kubernetes, Made, Manifests};
use crate::provider::{Cluster, Provider, Router};
use crate::resource::Problem;
use crate::state::{Backend, Item, KeyMaking, LeaseTimes, LocalBackend, Location, SharedBackend, Waiting};

/// Reaches Kubernetes clusters, as `kubectl` does.
pub struct KubernetesProviders {
    environment: Environment,
}

impl KubernetesProviders {
    /// `environment` has the variables `KUBECONFIG`, `HOME`, and those of proxies.
    pub fn new(environment: Environment) -> Self {
        Self { environment }
    }
}

#[async_trait]
impl ProviderFactory for KubernetesProviders {
    async fn connect(&self, settings: &ConnectionSettings) -> Result<Box<dyn Provider>, Problem> {
        let cluster = connect(settings, &self.environment).await?;
        Ok(Box::new(Router::new(Arc::new(cluster))))
    }
}

async fn connect(settings: &ConnectionSettings, environment: &Environment) -> Result<Kubernetes, Problem> {
    let ConnectionSettings {
        kubeconfig,
        context,
        in_cluster,
        connections,
        request_timeout,
        secret_variables,
    } = settings.clone();
    let environment = environment.clone();
    let settings = kubernetes::Settings {
        kubeconfig,
        context,
        in_cluster,
        connections,
        request_timeout,
        secret_variables,
        environment,
    };
    Kubernetes::connect(&settings).await
}

/// How many requests a state needs at once: one, and one for its lock.
const CONNECTIONS: usize = 2;

/// Keeps states where the settings say.
pub struct StateBackends {
    environment: Environment,
    waiting: Arc<Waiting>,
}

impl StateBackends {
    /// `environment` is that of [`KubernetesProviders`].
    pub fn new(environment: Environment) -> Self {
        Self { environment, waiting: Arc::new(|_, _| ()) }
    }

    /// Tells again and again while a lock is waited for whose holder may be gone.
    #[must_use]
    pub fn with_waiting(mut self, waiting: Arc<Waiting>) -> Self {
        self.waiting = waiting;
        self
    }

    /// The shelf in a cluster, which must be the one of the configuration before anything is read from it.
    async fn shelf(&self, settings: &ClusterBackend) -> Result<ClusterShelf, Error> {
        let ClusterBackend { state, connection, cluster: expected } = settings;
        let connection = ConnectionSettings { connections: CONNECTIONS, ..connection.clone() };
        let cluster = connect(&connection, &self.environment).await?;
        if expected.uid.is_some() || expected.server.is_some() {
            check_cluster(expected, None, Cluster::identity(&cluster).await?)?;
        }
        Ok(ClusterShelf::new(&cluster, &state.namespace, &state.name))
    }

    fn on(&self, shelf: ClusterShelf, settings: &ClusterBackend, key_making: KeyMaking) -> SharedBackend {
        let usual = LeaseTimes::default();
        let times = LeaseTimes {
            duration: settings.state.lock_duration,
            grace: settings.connection.request_timeout.map_or(usual.grace, |limit| limit.min(usual.grace)),
        };
        let waiting = Arc::clone(&self.waiting);
        SharedBackend::new(Arc::new(shelf), times, key_making)
            .with_waiting(Box::new(move |holder, left| waiting(holder, left)))
    }

    /// The key is made before the Roles: to make Roles takes more rights, and somebody else may have made them.
    async fn prepare_in_cluster(&self, settings: &ClusterBackend) -> Result<Vec<Ensured>, Error> {
        let ClusterState { namespace, name, .. } = &settings.state;
        let shelf = self.shelf(settings).await?;
        let Manifests { places, roles } = kubernetes::manifests(namespace, name);
        let mut ensured = shelf.ensure(&places).await?;
        let backend = self.on(shelf.clone(), settings, KeyMaking::ByNeed);
        let made = if backend.key().await?.is_some() { Made::Before } else { Made::Now };
        backend.make_key().await?;
        ensured.push(Ensured { identity: shelf.identity(Item::Key), made });
        ensured.extend(shelf.ensure(&roles).await?);
        Ok(ensured)
    }
}

#[async_trait]
impl BackendFactory for StateBackends {
    async fn open(&self, settings: &BackendSettings) -> Result<Box<dyn Backend>, Error> {
        let location = match settings {
            BackendSettings::Beside { folder, project } => Location::beside(folder, project)?,
            BackendSettings::Folder(folder) => Location::at(folder),
            BackendSettings::Cluster(settings) => {
                let shelf = self.shelf(settings).await?;
                return Ok(Box::new(self.on(shelf, settings, KeyMaking::ByInit)));
            }
        };
        Ok(Box::new(LocalBackend::new(location)))
    }

    async fn prepare(&self, settings: &BackendSettings) -> Result<Vec<Ensured>, Error> {
        match settings {
            BackendSettings::Cluster(settings) => self.prepare_in_cluster(settings).await,
            BackendSettings::Beside { .. } | BackendSettings::Folder(_) => Ok(Vec::new()),
        }
    }
}
