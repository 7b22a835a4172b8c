//! What a state needs before its first use.

use serde_json::Value;

use super::backend_settings::BackendSettings;
use super::{Error, Project};
use crate::provider::kubernetes::{self, Ensured};

impl Project {
    /// Makes what the state needs before its first use. What is there stays.
    ///
    /// # Errors
    /// The cluster or the store cannot be reached, is another one, or our rights do not allow it.
    #[tracing::instrument(skip_all, fields(project = self.config.project))]
    pub async fn prepare_state(&self) -> Result<Vec<Ensured>, Error> {
        self.host.backends.prepare(&self.backend_settings()?).await
    }

    /// The objects that [`prepare_state`](Self::prepare_state) makes, without the key, which is a secret. None where the
    /// state is no matter of a cluster.
    ///
    /// # Errors
    /// The settings contradict the configuration.
    pub fn state_manifests(&self) -> Result<Vec<Value>, Error> {
        let BackendSettings::Cluster(settings) = self.backend_settings()? else { return Ok(Vec::new()) };
        let manifests = kubernetes::manifests(&settings.state.namespace, &settings.state.name);
        Ok(manifests.places.into_iter().chain(manifests.roles).collect())
    }
}
