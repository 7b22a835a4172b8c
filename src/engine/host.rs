//! What the program around the engine provides: variables, and factories of providers and backends.

use std::fmt;
use std::sync::Arc;

use super::default_factories::{Clusters, KubernetesProviders, StateBackends};
use super::factories::{BackendFactory, ProviderFactory, Variables};
use super::needs::HelmSettings;
use crate::provider::kubernetes::Environment;
use crate::state::Telling;

/// What the program around the engine provides. The engine itself reads nothing from the process.
///
/// To keep states somewhere else, or to reach clusters in another way, put another factory here:
///
/// ```
/// # use std::sync::Arc;
/// # use regplan::engine::{BackendFactory, Host};
/// fn with_states_in(backends: impl BackendFactory + 'static) -> Host {
///     Host { backends: Arc::new(backends), ..Host::of_process() }
/// }
/// ```
#[derive(Clone)]
pub struct Host {
    /// Where `{ env = "NAME" }` and `REGPLAN_VAR_NAME` are looked up.
    pub variables: Variables,
    /// Makes the provider for a cluster.
    pub providers: Arc<dyn ProviderFactory>,
    /// Makes the backend that keeps a state.
    pub backends: Arc<dyn BackendFactory>,
    /// How charts of Helm are fetched and rendered.
    pub helm: Arc<HelmSettings>,
}

impl Host {
    /// The environment of this process, Kubernetes clusters, and states where the settings say.
    pub fn of_process() -> Self {
        Self::telling(Arc::new(|_| ()))
    }

    /// The same, which tells what the user should know while a command works.
    pub fn telling(telling: Arc<Telling>) -> Self {
        let clusters = Arc::new(Clusters::new(Environment::of_process()));
        let variables: Variables = Arc::new(|name| std::env::var(name).ok());
        Self {
            variables: Arc::clone(&variables),
            providers: Arc::new(KubernetesProviders::new(Arc::clone(&clusters), Arc::clone(&variables))),
            backends: Arc::new(StateBackends::new(clusters, variables).with_telling(telling)),
            helm: Arc::new(HelmSettings::of_process()),
        }
    }
}

/// Leaves out the environment, which holds secrets.
impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}
