//! Reads a state without a lock, with what an interrupted run has recorded.

use std::path::PathBuf;

use super::backend::Backend;
use super::error::{StateError, unless_damaged};
use super::journal::{Journal, RunEnd};
use super::model::{Expected, State};
use super::recover::{self, JournalStatus, Recovered, recover};
use super::revision::RevisionHead;

/// A state as a command reads it that does not write.
#[derive(Debug, Clone)]
pub struct View {
    /// The state, with the outcomes folded in that a killed run, or one under way, has recorded. A project
    /// without a state has an empty one here, whose lineage is not kept.
    pub state: State,
    /// Where it is kept.
    pub place: PathBuf,
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
    // The journal is read first: if the run ends between the two reads, the state has its outcomes already.
    // If another run begins as well, the two do not belong together, and both are read again.
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
                let place = backend.place();
                state.check(&place, Expected { project: Some(project), ..Expected::default() })?;
                let open = journal.filter(|_| status == Some(JournalStatus::Open));
                let Some(journal) = open else { return Ok(View { state, place, exists, recovered: None }) };
                let (state, journal) = fold(backend, state, journal).await?;
                return Ok(View { state, place, exists, recovered: recover::report(&journal) });
            }
        }
    }
}

/// Folds a journal into the state that it belongs to. Returns both; where the run's revision exists, the
/// journal counts as completed.
pub(super) async fn fold(
    backend: &dyn Backend,
    state: State,
    mut journal: Journal,
) -> Result<(State, Journal), StateError> {
    // The revision is written before the journal's last line: where it exists, the run was complete.
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

/// The head of the newest revision; `None` where there is none, or where it is damaged.
async fn newest_head(backend: &dyn Backend) -> Result<Option<RevisionHead>, StateError> {
    let Some(number) = backend.revisions().await?.last().copied() else { return Ok(None) };
    // A damaged revision is missing from the history, and stops no run.
    unless_damaged(backend.revision_head(number).await)
}
