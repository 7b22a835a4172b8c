//! Where the state is kept, as the configuration says it.

use std::path::PathBuf;
use std::time::Duration;

use super::encryption::Encryption;
use super::object_state::ObjectState;

/// The namespace in which the newest state is recorded where none is named: each cluster has it, and nobody can delete it.
pub const RECORDED_IN: &str = "default";

/// `[state]`: where the state is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateSettings {
    /// In a folder on this machine.
    Local {
        /// `path`, resolved; `None` for the usual place.
        path: Option<PathBuf>,
        /// How secret values are kept; `None` where they are not.
        encryption: Option<Encryption>,
        /// The namespace of the cluster in which it is recorded which state is the newest one.
        recorded_in: String,
    },
    /// In the project's own cluster. There is no other context for it: who may change a project's objects and who may
    /// change its state are the same people then, and a state can never be that of another cluster.
    Kubernetes(ClusterState),
    /// In an object store.
    Objects(ObjectState),
}

/// A state in the project's own cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterState {
    /// The namespace of states.
    pub namespace: String,
    /// The name of this state in it.
    pub name: String,
    /// For how long its lock is held without a sign of life.
    pub lock_duration: Duration,
}

impl Default for StateSettings {
    fn default() -> Self {
        Self::Local { path: None, encryption: None, recorded_in: RECORDED_IN.to_owned() }
    }
}

impl StateSettings {
    /// The key of `[state]` that tells the state of one configuration from that of another one in the same kind of place.
    pub fn place_key(&self) -> &'static str {
        match self {
            Self::Local { .. } => "path",
            Self::Kubernetes(_) => "name",
            Self::Objects(_) => "prefix",
        }
    }

    /// The namespace of the cluster in which it is recorded which copy of the state is the newest one; `None` for a place
    /// that all machines share, where there is but one.
    pub fn recorded_in(&self) -> Option<&str> {
        match self {
            Self::Local { recorded_in, .. } => Some(recorded_in),
            Self::Objects(_) | Self::Kubernetes(_) => None,
        }
    }

    /// How the secret values of revisions are encrypted; `None` where they are not.
    pub fn encryption(&self) -> Option<&Encryption> {
        match self {
            Self::Local { encryption, .. } | Self::Objects(ObjectState { encryption, .. }) => {
                encryption.as_ref()
            }
            Self::Kubernetes(_) => None,
        }
    }
}
