//! What was applied before: the revisions of a project.

use super::state_access::StateAccess;
use super::{Error, Project, Workspace};
use crate::state::{self, OpenRun, Revision, RevisionHead, StateError, Unfinished};

/// The revisions that are kept.
#[derive(Debug)]
pub struct History {
    /// What is told of each, the oldest first.
    pub heads: Vec<RevisionHead>,
    /// Why others cannot be read. They hide none of those that can.
    pub damaged: Vec<StateError>,
    /// The last run, where it did not complete: it has no revision.
    pub unfinished: Option<Unfinished>,
    /// What has become of that run, where it has not recorded its end.
    pub open_run: OpenRun,
}

impl Project {
    /// The revisions of the project, as its state keeps them. The cluster is not asked.
    ///
    /// # Errors
    /// The state or the list of its revisions cannot be read.
    pub async fn history(&self) -> Result<History, Error> {
        let view = self.view_state().await?;
        let open_run = self.fate_of_last_run(&view).await;
        let (heads, damaged) = state::history(self.backend().await?.as_ref()).await?;
        Ok(History { heads, damaged, unfinished: view.state.unfinished, open_run })
    }

    /// The newest revision, where the configuration was another one then. `None` also where the revisions cannot be read.
    pub(super) async fn changed_since(&self) -> Option<u64> {
        let backend = self.backend().await.ok()?;
        let (heads, _) = state::history(backend.as_ref()).await.ok()?;
        let newest = heads.last()?;
        (newest.configuration != self.config.digest()).then_some(newest.number)
    }

    /// One revision, with all that was desired then.
    ///
    /// # Errors
    /// There is no such revision, or it cannot be read.
    pub async fn revision(&self, number: u64) -> Result<Revision, Error> {
        Ok(self.backend().await?.revision(number).await?)
    }
}

impl<S: StateAccess> Workspace<S> {
    /// The revision that a rollback goes back to where none is named: the one before the last. Where the last run did
    /// not complete, it is the last one: what that run did has no revision. One that is damaged is not passed over: who
    /// reads it says so. Where the state is locked, nobody can make a newer one in the meantime.
    ///
    /// # Errors
    /// There is no such revision.
    pub async fn previous_revision(&self) -> Result<u64, Error> {
        let state = self.state.state();
        let kept = self.project.backend().await?.revisions().await?;
        let last = state.revision;
        let is_candidate =
            |number: &u64| if state.unfinished.is_some() { *number <= last } else { *number < last };
        kept.into_iter().filter(is_candidate).max().ok_or(Error::NothingToRestore)
    }
}
