//! Where the state is kept, as the configuration says it.

use std::path::PathBuf;
use std::time::Duration;

/// `[state]`: where the state is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateSettings {
    /// In a folder on this machine.
    Local {
        /// `path`, resolved; `None` for the usual place.
        path: Option<PathBuf>,
    },
    /// In the project's own cluster. There is no other context for it: who may change a project's objects and who may
    /// change its state are the same people then, and a state can never be that of another cluster.
    Kubernetes(ClusterState),
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
        Self::Local { path: None }
    }
}
