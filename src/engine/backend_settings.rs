//! Where a state is kept: what the configuration says, with what the user has chosen.

use std::path::PathBuf;

use super::settings::{ConnectionSettings, Settings, SettingsConflict};
use crate::config::{ClusterSettings, ClusterState, Config, StateSettings};
use crate::state::{Location, StateError};

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
    /// The state in the project's own cluster.
    Cluster(Box<ClusterBackend>),
}

/// A state in a cluster, and how that is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterBackend {
    /// Its place in the cluster.
    pub state: ClusterState,
    /// How the cluster is reached.
    pub connection: ConnectionSettings,
    /// Which cluster it must be.
    pub cluster: ClusterSettings,
}

impl BackendSettings {
    /// The settings of a configuration, with what the user has chosen.
    ///
    /// # Errors
    /// The user's settings contradict the configuration.
    pub fn of(config: &Config, settings: &Settings) -> Result<Self, SettingsConflict> {
        Ok(match &config.state {
            StateSettings::Local { path: Some(path) } => Self::Folder(path.clone()),
            StateSettings::Local { path: None } => {
                Self::Beside { folder: config.folder.clone(), project: config.project.clone() }
            }
            StateSettings::Kubernetes(state) => Self::Cluster(Box::new(ClusterBackend {
                state: state.clone(),
                connection: settings.connection(&config.cluster)?,
                cluster: config.cluster.clone(),
            })),
        })
    }

    /// Where that is on this machine; `None` where it is elsewhere.
    ///
    /// # Errors
    /// The project has a name that cannot be a folder's name.
    pub fn location(&self) -> Result<Option<Location>, StateError> {
        match self {
            Self::Beside { folder, project } => Location::beside(folder, project).map(Some),
            Self::Folder(folder) => Ok(Some(Location::at(folder))),
            Self::Cluster(_) => Ok(None),
        }
    }
}
