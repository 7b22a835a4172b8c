//! The factories that make the provider and the state backend for the settings.

use std::sync::Arc;

use async_trait::async_trait;

use super::Error;
use super::backend_settings::BackendSettings;
use super::settings::ConnectionSettings;
use crate::provider::Provider;
use crate::provider::kubernetes::Ensured;
use crate::resource::Problem;
use crate::state::Backend;

/// Looks up a variable of the environment by its name; `None` for one that is not set.
pub type Variables = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Makes the provider for a cluster.
#[async_trait]
pub trait ProviderFactory: Send + Sync {
    /// Prepares the connection, and sends nothing to the cluster yet. Programs that give credentials may run
    /// here, and may use the terminal.
    ///
    /// # Errors
    /// The settings lead to no cluster. A server that does not answer is found only with the first request.
    async fn connect(&self, settings: &ConnectionSettings) -> Result<Box<dyn Provider>, Problem>;
}

/// Makes the backend that keeps a state.
#[async_trait]
pub trait BackendFactory: Send + Sync {
    /// Makes the backend. Nothing is locked and nothing is written yet.
    ///
    /// # Errors
    /// The settings cannot name a state, such as a project name that cannot be a folder's name; or they lead to no
    /// cluster, or to another one than the configuration names.
    async fn open(&self, settings: &BackendSettings) -> Result<Box<dyn Backend>, Error>;

    /// Makes what a state needs before its first use, and says what is there now. A place that needs nothing, as a
    /// folder, says nothing.
    ///
    /// # Errors
    /// The settings lead to no cluster, or to another one; or our rights do not allow it.
    async fn prepare(&self, _: &BackendSettings) -> Result<Vec<Ensured>, Error> {
        Ok(Vec::new())
    }
}
