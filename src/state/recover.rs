//! Folds the journal of an interrupted run into its state.

use std::path::Path;

use super::changed::Changed;
use super::error::StateError;
use super::id::RunId;
use super::journal::{Intent, Journal, RunEnd};
use super::model::{State, Unfinished};

/// What an interrupted run left behind, for a message to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// The run that was interrupted.
    pub unfinished: Unfinished,
    /// How many outcomes were picked up.
    pub outcomes: usize,
    /// What may have been done without being recorded.
    pub in_doubt: Vec<Intent>,
}

/// The state after the run of this journal: its outcomes are folded in, its serial is one higher, and it
/// lists the intents in doubt. It does no I/O; [`Store`](super::Store) decides whether the two belong
/// together.
#[must_use]
pub fn recover(mut state: State, journal: &Journal) -> State {
    for (address, outcome) in &journal.outcomes {
        state.record(address, outcome);
    }
    with_end(state, journal)
}

/// The same of a state that has the outcomes of the run already.
pub(super) fn with_end(mut state: State, journal: &Journal) -> State {
    for doubt in journal.in_doubt() {
        // The newest intent tells best what may have happened to an object.
        state.in_doubt.retain(|old| old.address != doubt.address || old.target != doubt.target);
        state.in_doubt.push(doubt);
    }
    state.serial += 1;
    if !journal.begin.files.is_empty() {
        state.files.clone_from(&journal.begin.files);
        state.variables.clone_from(&journal.begin.variables);
        state.selections.clone_from(&journal.begin.selections);
    }
    state.end_run(journal.begin.run.clone());
    state.last_end = Some(name_of_end(journal));
    let before = state.unfinished.take();
    state.unfinished = (journal.end != Some(RunEnd::Completed)).then(|| unfinished(journal, before));
    state
}

/// The name of the end of a run, which stands for what is known of its outcomes.
fn name_of_end(journal: &Journal) -> RunId {
    let Journal { begin, outcomes, end, .. } = journal;
    // What could not be written as JSON could not have been journalled.
    let known = serde_json::to_string(&(outcomes, end)).unwrap_or_default();
    RunId::standing_for(&format!("{} {known}", begin.run))
}

/// What to do about a journal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum JournalStatus {
    /// It is folded in already; only its removal is missing.
    Folded,
    /// It is still to be folded in.
    Open,
}

/// Whether the journal is folded into the state already; `None` where it does not belong to the state.
pub(super) fn status(state: &State, journal: &Journal) -> Option<JournalStatus> {
    if state.lineage != journal.begin.lineage {
        None
    } else if state.last_run.as_ref() == Some(&journal.begin.run) {
        Some(JournalStatus::Folded)
    } else if state.serial == journal.begin.serial {
        Some(JournalStatus::Open)
    } else {
        None
    }
}

/// The error for a journal that does not belong to the state.
pub(super) fn foreign(path: &Path, state: Option<&State>, journal: &Journal) -> StateError {
    let begin = &journal.begin;
    let found = match state {
        None => "there is no state".to_owned(),
        Some(state) if state.lineage != begin.lineage => {
            format!("the state has the lineage {}", state.lineage)
        }
        Some(state) => format!("the state has the serial {}", state.serial),
    };
    let reason = format!("it was written on serial {} of {}, and {found}", begin.serial, begin.lineage);
    StateError::JournalForeign { path: path.to_owned(), reason }
}

/// What to tell the user of a journal that was folded in; `None` where the run completed.
pub(super) fn report(journal: &Journal) -> Option<Recovered> {
    if journal.end == Some(RunEnd::Completed) {
        return None;
    }
    Some(Recovered {
        unfinished: unfinished(journal, None),
        outcomes: journal.outcomes.len(),
        in_doubt: journal.in_doubt(),
    })
}

/// What is told of a run that did not complete. `before` is the run before it, where that did not complete either.
fn unfinished(journal: &Journal, before: Option<Unfinished>) -> Unfinished {
    let begin = &journal.begin;
    let mut changed = before.map(|before| before.changed).unwrap_or_default();
    changed.then(Changed::by(journal));
    Unfinished {
        run: begin.run.clone(),
        plan: begin.plan.clone(),
        begun: begin.at,
        by: begin.by.clone(),
        end: journal.end,
        changed,
    }
}
