//! Where a state is kept: what the configuration says, with what the user has chosen.

use std::path::PathBuf;
use std::time::Duration;

use super::settings::{ConnectionSettings, Settings, SettingsConflict};
use crate::config::{
    ClusterSettings, ClusterState, Config, Encryption, ObjectState, RECORDED_IN, StateSettings,
};
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
        /// How secret values are kept; `None` where they are not.
        encryption: Option<Encryption>,
        /// The namespace of the cluster in which the newest state is recorded.
        recorded_in: String,
    },
    /// The state in this folder, which `[state] path` or the user names.
    Folder {
        /// The folder.
        folder: PathBuf,
        /// How secret values are kept; `None` where they are not.
        encryption: Option<Encryption>,
        /// The namespace of the cluster in which the newest state is recorded.
        recorded_in: String,
    },
    /// The state in an object store.
    Objects(Box<ObjectBackend>),
    /// The state in the project's own cluster.
    Cluster(Box<ClusterBackend>),
}

/// A state in an object store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectBackend {
    /// Its place in the store.
    pub state: ObjectState,
    /// How long one request to the cluster may take; `None` for the usual times. Whoever takes a lock over waits for so
    /// long, since the holder may have sent one right before.
    pub request_timeout: Option<Duration>,
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
            StateSettings::Local { path: Some(folder), encryption, recorded_in } => Self::Folder {
                folder: folder.clone(),
                encryption: encryption.clone(),
                recorded_in: recorded_in.clone(),
            },
            StateSettings::Local { path: None, encryption, recorded_in } => Self::Beside {
                folder: config.folder.clone(),
                project: config.project.clone(),
                encryption: encryption.clone(),
                recorded_in: recorded_in.clone(),
            },
            StateSettings::Objects(state) => Self::Objects(Box::new(ObjectBackend {
                state: state.clone(),
                request_timeout: settings.request_timeout,
            })),
            StateSettings::Kubernetes(state) => Self::Cluster(Box::new(ClusterBackend {
                state: state.clone(),
                connection: settings.connection(&config.cluster)?,
                cluster: config.cluster.clone(),
            })),
        })
    }

    /// The state in a folder that the user names.
    pub fn folder(folder: PathBuf) -> Self {
        Self::Folder { folder, encryption: None, recorded_in: RECORDED_IN.to_owned() }
    }

    /// The namespace of the cluster in which it is recorded which copy of the state is the newest one; `None` for a place
    /// that all machines share, where there is but one.
    pub fn recorded_in(&self) -> Option<&str> {
        match self {
            Self::Beside { recorded_in, .. } | Self::Folder { recorded_in, .. } => Some(recorded_in),
            Self::Objects(_) | Self::Cluster(_) => None,
        }
    }

    /// Where that is on this machine; `None` where it is elsewhere.
    ///
    /// # Errors
    /// The project has a name that cannot be a folder's name.
    pub fn location(&self) -> Result<Option<Location>, StateError> {
        match self {
            Self::Beside { folder, project, .. } => Location::beside(folder, project).map(Some),
            Self::Folder { folder, .. } => Ok(Some(Location::at(folder))),
            Self::Objects(_) | Self::Cluster(_) => Ok(None),
        }
    }
}
