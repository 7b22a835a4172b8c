//! Who makes the provider and the state backend that the settings ask for.

use std::path::PathBuf;

use async_trait::async_trait;

use crate::config::Config;
use crate::provider::Provider;
use crate::resource::Problem;
use crate::state::{Backend, StateError};

/// How a cluster is reached: what `[cluster]` and the user's [`Settings`](super::Settings) come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// The kubeconfig; `None` for the usual one.
    pub kubeconfig: Option<PathBuf>,
    /// The context; `None` for the kubeconfig's current one.
    pub context: Option<String>,
    /// Whether to use the service account of the pod that we run in, and no kubeconfig.
    pub in_cluster: bool,
    /// How many requests may be under way at once; at least 1.
    pub connections: usize,
}

/// Makes the provider that answers for a cluster.
#[async_trait]
pub trait ProviderFactory: Send + Sync {
    /// Gets everything ready to ask the cluster, and sends nothing to it yet. Programs that give credentials
    /// may run here, and talk to the terminal.
    ///
    /// # Errors
    /// Settings that lead to no cluster. That a server does not answer shows with the first question.
    async fn connect(&self, settings: &ConnectionSettings) -> Result<Box<dyn Provider>, Problem>;
}

/// Which state is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendSettings {
    /// The state of a project in its usual place, beside the configuration.
    Beside {
        /// The folder of the first configuration file.
        folder: PathBuf,
        /// `[project] name`.
        project: String,
    },
    /// The state in this folder, which `[state] path` or the user names.
    Folder(PathBuf),
}

impl BackendSettings {
    /// What a configuration says.
    pub fn of(config: &Config) -> Self {
        match &config.state_path {
            Some(path) => Self::Folder(path.clone()),
            None => Self::Beside { folder: config.folder.clone(), project: config.project.clone() },
        }
    }
}

/// Makes the backend that keeps a state.
#[async_trait]
pub trait BackendFactory: Send + Sync {
    /// The backend. Nothing is locked and nothing is made yet.
    ///
    /// # Errors
    /// Settings that name no possible state.
    async fn open(&self, settings: &BackendSettings) -> Result<Box<dyn Backend>, StateError>;
}
