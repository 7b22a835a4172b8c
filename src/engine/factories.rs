//! The factories that make the provider and the state backend for the settings.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;

use crate::config::Config;
use crate::provider::Provider;
use crate::resource::Problem;
use crate::state::{Backend, Location, StateError};

/// How a cluster is reached: the result of `[cluster]` and the user's [`Settings`](super::Settings).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// The path of the kubeconfig; `None` for the default one.
    pub kubeconfig: Option<PathBuf>,
    /// The name of the context; `None` for the kubeconfig's current one.
    pub context: Option<String>,
    /// Whether to use the service account of the pod that we run in, and no kubeconfig.
    pub in_cluster: bool,
    /// How many requests may be under way at once; at least 1.
    pub connections: usize,
    /// How long one request may take with all its repetitions; `None` for the usual times.
    pub request_timeout: Option<Duration>,
    /// The variables of the environment that a program which gives credentials is not given.
    pub secret_variables: BTreeSet<String>,
}

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

/// Where a state is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendSettings {
    /// The state of a project in its default place, in the folder of the configuration.
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
    /// The settings of a configuration.
    pub fn of(config: &Config) -> Self {
        match &config.state_path {
            Some(path) => Self::Folder(path.clone()),
            None => Self::Beside { folder: config.folder.clone(), project: config.project.clone() },
        }
    }

    /// Where that is on this machine.
    ///
    /// # Errors
    /// The project has a name that cannot be a folder's name.
    pub fn location(&self) -> Result<Location, StateError> {
        match self {
            Self::Beside { folder, project } => Location::beside(folder, project),
            Self::Folder(folder) => Ok(Location::at(folder)),
        }
    }
}

/// Makes the backend that keeps a state.
#[async_trait]
pub trait BackendFactory: Send + Sync {
    /// Makes the backend. Nothing is locked and no file is made yet.
    ///
    /// # Errors
    /// The settings cannot name a state, such as a project name that cannot be a folder's name.
    async fn open(&self, settings: &BackendSettings) -> Result<Box<dyn Backend>, StateError>;
}
