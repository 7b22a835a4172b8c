//! The state as it is read without a lock, and what a run that nobody finished comes to.

use super::backend::Backend;
use super::error::StateError;
use super::journal::{Journal, RunEnd};
use super::model::{Expected, State};
use super::recover::{self, JournalStatus, Recovered, recover};
use super::revision::RevisionHead;

/// A state as a command sees it that does not write.
#[derive(Debug, Clone)]
pub struct View {
    /// The state, with what a run under way or a killed one has recorded folded in. Of a project without
    /// a state an empty one, whose lineage is not kept.
    pub state: State,
    /// Whether there is a state at all.
    pub exists: bool,
    /// The run that was folded in. It may still be running: a view asks for no lock.
    pub recovered: Option<Recovered>,
}

/// Reads the state without a lock, whatever a writer does meanwhile.
///
/// # Errors
/// What cannot be read, another project's state, and a journal that does not go with the state.
pub async fn view(backend: &dyn Backend, project: &str) -> Result<View, StateError> {
    // The journal first: if a run ends between the two reads, the state is found to hold it already. If
    // another one begins as well, the two no longer go together, and both are read again.
    let mut tries: u8 = 3;
    loop {
        let journal = backend.journal().await?;
        let loaded = backend.load().await?;
        let status = match (&loaded, &journal) {
            (Some(state), Some(journal)) => recover::status(state, journal),
            (_, None) => Some(JournalStatus::Folded),
            (None, Some(_)) => None,
        };
        match (status, journal) {
            (None, Some(_)) if tries > 0 => tries -= 1,
            (None, Some(journal)) => {
                return Err(recover::foreign(&backend.journal_place(), loaded.as_ref(), &journal));
            }
            (status, journal) => {
                let exists = loaded.is_some();
                let state = loaded.unwrap_or_else(|| State::new(project));
                state.check(&backend.place(), Expected { project: Some(project), ..Expected::default() })?;
                let open = journal.filter(|_| status == Some(JournalStatus::Open));
                let Some(journal) = open else { return Ok(View { state, exists, recovered: None }) };
                let (state, journal) = fold(backend, state, journal).await?;
                return Ok(View { state, exists, recovered: recover::report(&journal) });
            }
        }
    }
}

/// Folds in a journal that goes with the state, and tells the journal as it is to be understood.
pub(super) async fn fold(
    backend: &dyn Backend,
    state: State,
    mut journal: Journal,
) -> Result<(State, Journal), StateError> {
    // The revision is written before the journal's end: where it is there, the run was complete.
    let completed = newest_head(backend).await?.filter(|head| head.run == journal.begin.run);
    if completed.is_some() {
        journal.end = Some(RunEnd::Completed);
    }
    let mut state = recover(state, &journal);
    if let Some(head) = completed {
        state.complete(head.completed_plan());
    }
    Ok((state, journal))
}

/// What the history says of the newest revision; `None` where there is none, or where it cannot be read.
async fn newest_head(backend: &dyn Backend) -> Result<Option<RevisionHead>, StateError> {
    let Some(number) = backend.revisions().await?.last().copied() else { return Ok(None) };
    // Only the history loses by a damaged revision; a run goes on without it.
    Ok(backend.revision_head(number).await.ok())
}
