//! Why the engine stopped.

use crate::config::Config;
use crate::diagnostic::{Diagnostics, Sources};
use crate::resource::Problem;
use crate::state::StateError;

use super::cluster::ClusterMismatch;
use super::rights::MissingRights;

/// Why the engine stopped. This is data: what a person is told is worded where it is printed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration has mistakes. Warnings about it may be among them.
    #[error("{mistakes}")]
    Mistakes {
        /// The files that the places of the mistakes lie in.
        sources: Box<Sources>,
        /// All of them, sorted by place.
        mistakes: Diagnostics,
    },
    /// The cluster, or the way to it.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The state.
    #[error(transparent)]
    State(#[from] StateError),
    /// This is not the cluster that is meant.
    #[error(transparent)]
    WrongCluster(#[from] ClusterMismatch),
    /// Our rights do not allow all of the plan.
    #[error(transparent)]
    MissingRights(#[from] MissingRights),
}

impl Error {
    /// Mistakes in the files of this configuration.
    pub(super) fn mistakes(config: &Config, mistakes: Diagnostics) -> Self {
        Self::Mistakes { sources: Box::new(config.sources.clone()), mistakes }
    }
}
