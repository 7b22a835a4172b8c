//! Undoes a run that failed: only what it wrote, and only where all of that can be restored.

use std::collections::BTreeSet;

use super::planned::Planned;
use super::request::PlanRequest;
use super::restoring::is_filled_by_cluster;
use super::state_access::StateAccess;
use super::{Error, Workspace};
use crate::apply::Report;
use crate::plan::{Action, Change, Mode, Plan};
use crate::resource::Address;
use crate::state::{Revision, State, Store};

/// How a run can be undone, found out before it begins.
#[derive(Debug, Clone, Default)]
pub struct Undo {
    /// The revision to go back to; `None` where nothing was applied before the run.
    revision: Option<u64>,
    /// Resources whose secret values the run leaves as they were at that revision.
    pub(super) kept: BTreeSet<Address>,
}

/// What keeps a run from being undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotUndoable {
    /// The run before did not complete: no revision has what is there now.
    Unfinished,
    /// It deletes or changes a secret value that no revision keeps.
    Secret(Address),
    /// It deletes what holds data.
    Data(Address),
    /// It takes over an object that was there before: to undo that would delete it.
    Adoption(Address),
    /// To undo it would change what the run did not write: it has drifted.
    Beyond(Address),
}

impl<S: StateAccess> Workspace<S> {
    /// Makes sure, before the plan is applied, that it could be undone.
    ///
    /// # Errors
    /// [`Error::NotUndoable`] with every obstacle; or the revision cannot be read.
    pub async fn prepare_undo(&self, planned: &Planned) -> Result<Undo, Error> {
        let state = self.state.state();
        if state.unfinished.is_some() {
            return Err(Error::NotUndoable(vec![NotUndoable::Unfinished]));
        }
        let revision = match state.revision {
            0 => None,
            number => Some(self.project.revision(number).await?),
        };
        let mut undo = Undo { revision: revision.as_ref().map(|one| one.head.number), kept: BTreeSet::new() };
        let mut obstacles = Vec::new();
        for change in planned.plan.changes.iter().filter(|change| change.action.writes()) {
            match obstacle(change, revision.as_ref(), state) {
                Some(obstacle) => obstacles.push(obstacle),
                None => drop(undo.kept.insert(change.address.clone())),
            }
        }
        if obstacles.is_empty() { Ok(undo) } else { Err(Error::NotUndoable(obstacles)) }
    }
}

impl Workspace<Store> {
    /// Makes the plan that undoes what a run wrote; `None` where it wrote nothing.
    ///
    /// # Errors
    /// Those of [`plan`](Self::plan); or the plan would write what the run did not.
    pub async fn plan_undo(&self, undo: &Undo, report: &Report) -> Result<Option<Planned>, Error> {
        let written = written(report);
        let targets: Vec<Address> = self.known_of(undo, &written).await?;
        if targets.is_empty() {
            return Ok(None);
        }
        let planned = match undo.revision {
            Some(revision) => {
                let request = PlanRequest { targets, ..PlanRequest::back_to(revision) };
                self.plan_rollback(revision, request, &undo.kept).await?
            }
            None => self.plan(PlanRequest { targets, ..PlanRequest::all(Mode::Destroy) }).await?,
        };
        let beyond = beyond(&planned.plan, &written);
        if beyond.is_empty() { Ok(Some(planned)) } else { Err(Error::NotUndoable(beyond)) }
    }

    /// Those of the addresses that the state or the revision knows.
    async fn known_of(&self, undo: &Undo, written: &BTreeSet<Address>) -> Result<Vec<Address>, Error> {
        let before = match undo.revision {
            Some(number) => Some(self.project.revision(number).await?),
            None => None,
        };
        let was_there =
            |address: &Address| before.as_ref().is_some_and(|one| one.desired.contains_key(address));
        let resources = &self.state.state().resources;
        let known = written.iter().filter(|address| resources.contains_key(*address) || was_there(address));
        Ok(known.cloned().collect())
    }
}

/// Everything that the run has written, or may have written.
fn written(report: &Report) -> BTreeSet<Address> {
    let done = report.done.iter().map(|(address, _)| address);
    let failed = report.failed.iter().map(|failure| &failure.address);
    done.chain(failed).chain(&report.unwaited).cloned().collect()
}

/// What the plan would write beside what the run wrote.
fn beyond(plan: &Plan, written: &BTreeSet<Address>) -> Vec<NotUndoable> {
    let others =
        plan.changes.iter().filter(|change| change.action.writes() && !written.contains(&change.address));
    others.map(|change| NotUndoable::Beyond(change.address.clone())).collect()
}

/// What keeps a change from being undone.
fn obstacle(change: &Change, revision: Option<&Revision>, state: &State) -> Option<NotUndoable> {
    let address = change.address.clone();
    let is_removed = matches!(change.action, Action::Delete | Action::Replace);
    if change.action == Action::Adopt {
        return Some(NotUndoable::Adoption(address));
    }
    if is_removed && change.target.identity.is("", "PersistentVolumeClaim") {
        return Some(NotUndoable::Data(address));
    }
    let before = revision?;
    let known = change.moved_from.as_ref().unwrap_or(&change.address);
    let stored = before.desired.get(known).filter(|stored| !stored.withheld.is_empty())?;
    let changes_secret = change.fields.iter().any(|field| field.sensitive && field.before.is_some());
    let is_whole =
        change.prior.as_ref().is_some_and(|live| is_filled_by_cluster(known, stored, live, before, state));
    (is_removed || changes_secret || !is_whole).then_some(NotUndoable::Secret(address))
}
