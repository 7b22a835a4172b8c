//! The factories that the program uses: for Kubernetes clusters, and for the places of states.

use std::sync::Arc;

use async_trait::async_trait;

use super::Error;
use super::backend_settings::{BackendSettings, ClusterBackend};
use super::factories::{BackendFactory, ProviderFactory};
use super::settings::ConnectionSettings;
use crate::provider::kubernetes::{self, Environment, Kubernetes};
use crate::provider::{Provider, Router};
use crate::resource::{Problem, ProblemKind};
use crate::state::{Backend, LocalBackend, Location};

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
    let ConnectionSettings { kubeconfig, context, in_cluster, connections, request_timeout } =
        settings.clone();
    let environment = environment.clone();
    let settings =
        kubernetes::Settings { kubeconfig, context, in_cluster, connections, request_timeout, environment };
    Kubernetes::connect(&settings).await
}

/// Keeps states where the settings say.
pub struct StateBackends {
    environment: Environment,
}

impl StateBackends {
    /// `environment` is that of [`KubernetesProviders`].
    pub fn new(environment: Environment) -> Self {
        Self { environment }
    }
}

impl StateBackends {
    /// The state in a cluster, which must be the one of the configuration before anything is read from it.
    async fn in_cluster(&self, settings: &ClusterBackend) -> Result<Box<dyn Backend>, Error> {
        let cluster = connect(&settings.connection, &self.environment).await?;
        Err(Problem::new(ProblemKind::Settings, format!("no state can be kept at {} yet", cluster.server()))
            .into())
    }
}

#[async_trait]
impl BackendFactory for StateBackends {
    async fn open(&self, settings: &BackendSettings) -> Result<Box<dyn Backend>, Error> {
        let location = match settings {
            BackendSettings::Beside { folder, project } => Location::beside(folder, project)?,
            BackendSettings::Folder(folder) => Location::at(folder),
            BackendSettings::Cluster(cluster) => return self.in_cluster(cluster).await,
        };
        Ok(Box::new(LocalBackend::new(location)))
    }
}
