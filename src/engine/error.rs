//! The errors of the engine.

use std::path::PathBuf;

use tokio::task::JoinError;

use crate::config::Config;
use crate::diagnostic::{Diagnostics, Sources};
use crate::resource::{BlockAddress, Problem};
use crate::state::StateError;

use super::cluster_check::ClusterMismatch;
use super::refusal::{NotApplicable, PlanFileRefusal};
use super::rights::MissingRights;
use super::settings::SettingsConflict;
use super::undoing::NotUndoable;

/// Why the engine stopped. This is data: the message for the user is worded where it is printed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration has mistakes. Warnings about it may be among them.
    #[error("{mistakes}")]
    Mistakes {
        /// The files that the mistakes point into.
        sources: Box<Sources>,
        /// All mistakes.
        mistakes: Diagnostics,
    },
    /// A setting contradicts the configuration.
    #[error(transparent)]
    Settings(#[from] SettingsConflict),
    /// The cluster, or the connection to it, failed.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The state could not be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// A revision has too little of what was desired to go back to it.
    #[error("revision {revision} cannot be restored: it has only its objects")]
    NotRestorable {
        /// Its number.
        revision: u64,
    },
    /// What a run does could not be undone.
    #[error("it could not be undone")]
    NotUndoable(Vec<NotUndoable>),
    /// A state is to move, and the other configuration is another project's.
    #[error("the configurations are of two projects, `{from}` and `{to}`")]
    OtherProject {
        /// The project of the old place.
        from: String,
        /// The project of the new place.
        to: String,
    },
    /// There is no revision to go back to.
    #[error("there is no earlier revision")]
    NothingToRestore,
    /// There is no output of this name.
    #[error("there is no output `{name}`")]
    NoOutput {
        /// The name that was asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// There is no registry to look at.
    #[error("there is no registry to look at")]
    NoRegistry {
        /// The one that was asked for; `None` where all were.
        named: Option<BlockAddress>,
        /// Those that there are.
        known: Vec<BlockAddress>,
    },
    /// The host of a registry cannot stand in a URL.
    #[error("{registry} has no URL: {url}")]
    NoUrl {
        /// The registry.
        registry: BlockAddress,
        /// What would be its URL.
        url: String,
    },
    /// The task that reads the state has ended without an answer.
    #[error("the reading of the state was broken off")]
    StateReading(#[source] JoinError),
    /// There is no state to compare the cluster with.
    #[error("there is no state at `{}`", place.display())]
    NoState {
        /// The file that was looked for.
        place: PathBuf,
    },
    /// A lineage is to be taken over, and the state that is here has another one.
    #[error("the state has the lineage {found}, and {named} is to be taken over")]
    OtherLineage {
        /// The lineage that was named.
        named: String,
        /// The lineage of the state.
        found: String,
    },
    /// This is not the cluster that is meant.
    #[error(transparent)]
    WrongCluster(#[from] ClusterMismatch),
    /// Our rights do not allow all of the plan.
    #[error(transparent)]
    MissingRights(#[from] MissingRights),
    /// The plan cannot be applied.
    #[error(transparent)]
    NotApplicable(#[from] NotApplicable),
    /// The plan could not be written as text.
    #[error("the plan cannot be written as text")]
    PlanFileText(#[from] serde_json::Error),
    /// The plan file is not applied.
    #[error(transparent)]
    PlanFile(#[from] PlanFileRefusal),
}

impl Error {
    /// The error for mistakes in the files of this configuration.
    pub(super) fn mistakes(config: &Config, mistakes: Diagnostics) -> Self {
        Self::Mistakes { sources: Box::new(config.sources.clone()), mistakes }
    }

    /// If the error is about mistakes, puts these warnings before them.
    pub(super) fn after(self, warnings: &Diagnostics) -> Self {
        let Self::Mistakes { sources, mistakes } = self else { return self };
        let mut all = warnings.clone();
        all.extend(mistakes);
        Self::Mistakes { sources, mistakes: all }
    }
}
