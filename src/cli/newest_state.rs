//! Records which copy of the state is the newest one, where a command has nothing else to do.

use super::failure::Failure;
use super::output::Output;
use super::wording::note;
use crate::engine::Workspace;
use crate::report::{self, escape};
use crate::state::{Freshness, Store};

/// Records in the cluster that this is the newest state, where a run could not do that, or somebody has deleted it.
pub(super) async fn catch_up(
    workspace: &Workspace<Store>,
    freshness: &Freshness,
    output: Output,
) -> Result<(), Failure> {
    match workspace.catch_up(freshness).await {
        Ok(()) => Ok(()),
        Err(problem) => Ok(output.message(&note(format!("{}.", escape(&report::not_recorded(&problem)))))?),
    }
}
