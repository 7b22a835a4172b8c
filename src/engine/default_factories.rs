//! The factories that the program uses: for Kubernetes clusters, and for states in local folders.

use std::sync::Arc;

use async_trait::async_trait;

use super::factories::{BackendFactory, BackendSettings, ConnectionSettings, ProviderFactory};
use crate::provider::kubernetes::{self, Environment, Kubernetes};
use crate::provider::{Provider, Router};
use crate::resource::Problem;
use crate::state::{Backend, LocalBackend, StateError};

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
        let ConnectionSettings {
            kubeconfig,
            context,
            in_cluster,
            connections,
            request_timeout,
            secret_variables,
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
        let cluster = Kubernetes::connect(&settings).await?;
        Ok(Box::new(Router::new(Arc::new(cluster))))
    }
}

/// Keeps states in folders on this machine.
#[derive(Debug, Clone, Copy)]
pub struct LocalBackends;

#[async_trait]
impl BackendFactory for LocalBackends {
    async fn open(&self, settings: &BackendSettings) -> Result<Box<dyn Backend>, StateError> {
        Ok(Box::new(LocalBackend::new(settings.location()?)))
    }
}
