//! The loop that drives the rooms: needs → blocks → graph → plan → apply. The library's face.
//!
//! Knows no wording and no terminal: it takes a checked configuration, asks the provider, and hands
//! back data.

mod applying;
mod cluster;
mod compiling;
mod drifting;
pub mod needs;
mod planning;
mod rights;
mod shared;

pub use applying::{Run, apply};
pub use cluster::check_cluster;
pub use compiling::{Compiled, compile, complete, further_mistakes};
pub use drifting::{Secrets, drift};
pub use needs::Outside;
pub use planning::{PlanRequest, plan, run as run_planner};
pub use shared::Readings;

use crate::diagnostic::Diagnostics;
use crate::resource::Problem;
use crate::state::StateError;

/// Why the engine stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration has mistakes.
    #[error("{0}")]
    Mistakes(Diagnostics),
    /// The cluster, or the way to it.
    #[error(transparent)]
    Problem(Problem),
    /// The state.
    #[error("{0}")]
    State(#[from] StateError),
}

impl From<Diagnostics> for Error {
    fn from(mistakes: Diagnostics) -> Self {
        Self::Mistakes(mistakes)
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}
