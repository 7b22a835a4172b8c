//! Undoes a run that failed: only what it wrote, and only where all of that can be restored.

use std::collections::{BTreeSet, HashMap};

use super::kept_values::{Closed, KeptValues};
use super::planned::Planned;
use super::request::PlanRequest;
use super::restoring::{self, is_filled_by_cluster};
use super::state_access::StateAccess;
use super::{Error, Workspace};
use crate::apply::Report;
use crate::plan::{Action, Change, Mode, Plan};
use crate::resource::{Address, Identity};
use crate::state::{Revision, State, Store, StoredDesired};

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
    /// It deletes or changes a secret value that is kept, and cannot be read here.
    ClosedSecret {
        /// The resource.
        address: Address,
        /// Why not, and what to do about it.
        why: String,
    },
    /// It deletes what holds data.
    Data(Address),
    /// It deletes what holds objects of others, and these with it.
    Others(Address),
    /// It takes over an object that was there before: to undo that would delete it.
    Adoption(Address),
    /// It changes what no revision has: nobody knows what it was before.
    Unknown(Address),
    /// To undo it would change what the run did not write: it has drifted.
    Beyond(Address),
    /// To undo it would change what others have done to it after the run wrote it.
    Overtaken(Address),
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
        let backend = self.project.backend().await?;
        let revision = match state.revision {
            0 => None,
            number => Some(backend.revision(number).await?),
        };
        let values = match &revision {
            Some(revision) => self.project.kept_values(backend.as_ref(), revision).await,
            None => KeptValues::No,
        };
        if let Some(revision) = &revision {
            restoring::check(revision)?;
        }
        let mut undo = Undo { revision: revision.as_ref().map(|one| one.head.number), kept: BTreeSet::new() };
        let past = revision.as_ref().map(Past::of);
        let mut obstacles = Vec::new();
        for change in planned.plan.changes.iter().filter(|change| change.action.writes()) {
            let before = past.as_ref().and_then(|past| Before::of(change, past));
            match obstacle(change, before, state, &values) {
                Some(obstacle) => obstacles.push(obstacle),
                None => undo.kept.extend(before.map(|before| before.address.clone())),
            }
        }
        if obstacles.is_empty() { Ok(undo) } else { Err(Error::NotUndoable(obstacles)) }
    }
}

/// What undoes a run.
#[derive(Debug)]
pub struct Undoing {
    /// The plan.
    pub planned: Planned,
    /// What the run wrote and the plan lets stay: protected objects, and definitions of custom resources.
    pub staying: BTreeSet<Address>,
}

impl Workspace<Store> {
    /// Makes the plan that undoes what a run wrote; `None` where it wrote nothing.
    ///
    /// # Errors
    /// Those of [`plan`](Self::plan); or the plan would write what the run did not.
    pub async fn plan_undo(&self, undo: &Undo, report: &Report) -> Result<Option<Undoing>, Error> {
        let touched = self.touched(undo, &written(report)).await?;
        if touched.is_empty() {
            return Ok(None);
        }
        let targets = touched.iter().cloned().collect();
        let planned = match undo.revision {
            Some(revision) => {
                let request = PlanRequest { targets, ..PlanRequest::back_to(revision) };
                self.plan_rollback(revision, request, &undo.kept).await?
            }
            None => self.plan(PlanRequest { targets, ..PlanRequest::all(Mode::Destroy) }).await?,
        };
        let beyond = beyond(&planned.plan, &touched);
        if !beyond.is_empty() {
            return Err(Error::NotUndoable(beyond));
        }
        let staying = staying(&planned.plan, &touched);
        Ok(Some(Undoing { planned, staying }))
    }

    /// Those of the addresses that the state or the revision knows, without those that the run has left as they were; and
    /// those of which nobody knows whether they were written.
    async fn touched(&self, undo: &Undo, written: &BTreeSet<Address>) -> Result<BTreeSet<Address>, Error> {
        let before = match undo.revision {
            Some(number) => Some(self.project.revision(number).await?),
            None => None,
        };
        let was_there =
            |address: &Address| before.as_ref().is_some_and(|one| one.desired.contains_key(address));
        let State { resources, in_doubt, .. } = self.state.state();
        let is_in_doubt = |address: &Address| in_doubt.iter().any(|intent| intent.address == *address);
        let is_there = |address: &Address| resources.contains_key(address) || is_in_doubt(address);
        // A write that the server has refused left it as it was.
        let is_untouched = |address: &Address| {
            let then = before.as_ref().and_then(|one| one.state.resources.get(address));
            let same = then.zip(resources.get(address)).is_some_and(|(then, now)| then.is_of_same_write(now));
            same && !is_in_doubt(address)
        };
        let known = written.iter().filter(|address| is_there(address) || was_there(address));
        Ok(known.filter(|address| !is_untouched(address)).cloned().collect())
    }
}

/// Everything that the run has written, or may have written.
fn written(report: &Report) -> BTreeSet<Address> {
    let done = report.done.iter().map(|(address, _)| address);
    let failed = report.failed.iter().map(|failure| &failure.address);
    done.chain(failed).chain(&report.unwaited).chain(&report.asked).cloned().collect()
}

/// What the plan would write beside what the run wrote: other resources, and what others have done to these meanwhile.
fn beyond(plan: &Plan, written: &BTreeSet<Address>) -> Vec<NotUndoable> {
    let is_of_run = |change: &Change| {
        written.contains(&change.address)
            || change.moved_from.as_ref().is_some_and(|from| written.contains(from))
    };
    let writes = plan.changes.iter().filter(|change| change.action.writes());
    let obstacle = |change: &Change| match change.action {
        Action::Delete if is_of_run(change) => None,
        _ if is_of_run(change) => {
            change.reverts_drift().then(|| NotUndoable::Overtaken(change.address.clone()))
        }
        // What has run has run.
        Action::Run => None,
        _ => Some(NotUndoable::Beyond(change.address.clone())),
    };
    writes.filter_map(obstacle).collect()
}

/// What the run wrote and the plan lets stay.
fn staying(plan: &Plan, written: &BTreeSet<Address>) -> BTreeSet<Address> {
    let kept = plan.changes.iter().filter(|change| change.action == Action::Keep);
    let kept = kept.map(|change| &change.address).chain(&plan.left_out);
    kept.filter(|address| written.contains(*address)).cloned().collect()
}

/// What was desired before the run, by its objects: a run may have thousands of changes.
struct Past<'r> {
    revision: &'r Revision,
    by_object: HashMap<Identity, &'r Address>,
}

impl<'r> Past<'r> {
    fn of(revision: &'r Revision) -> Self {
        let named = |(address, stored): (&'r Address, &'r StoredDesired)| Some((stored.identity()?, address));
        Self { revision, by_object: revision.desired.iter().filter_map(named).collect() }
    }
}

/// What was desired of an object before the run.
#[derive(Clone, Copy)]
struct Before<'r> {
    revision: &'r Revision,
    address: &'r Address,
    stored: &'r StoredDesired,
}

impl<'r> Before<'r> {
    /// What the revision says of the object, under whatever address; or of the one that it replaces.
    fn of(change: &Change, past: &Past<'r>) -> Option<Self> {
        let same = past.by_object.get(&change.target.identity).copied();
        let known = same.unwrap_or_else(|| change.moved_from.as_ref().unwrap_or(&change.address));
        let (address, stored) = past.revision.desired.get_key_value(known)?;
        Some(Self { revision: past.revision, address, stored })
    }
}

/// What keeps a change from being undone.
fn obstacle(
    change: &Change,
    before: Option<Before<'_>>,
    state: &State,
    values: &KeptValues,
) -> Option<NotUndoable> {
    let address = change.address.clone();
    let is_removed = matches!(change.action, Action::Delete | Action::Replace);
    // What has run has run. Its object goes with the rest.
    if change.action == Action::Run {
        return None;
    }
    if change.action == Action::Adopt {
        return Some(NotUndoable::Adoption(address));
    }
    if is_removed && removed(change).is("", "PersistentVolumeClaim") {
        return Some(NotUndoable::Data(address));
    }
    if !change.dies_with.is_empty() {
        return Some(NotUndoable::Others(address));
    }
    let Some(Before { revision, address: known, stored }) = before else {
        return (change.action != Action::Create).then_some(NotUndoable::Unknown(address));
    };
    if stored.withheld.is_empty() || values.of(known, &stored.withheld).is_some() {
        return None;
    }
    let changes_secret = change.fields.iter().any(|field| field.sensitive && field.before.is_some());
    let is_whole =
        change.prior.as_ref().is_some_and(|live| is_filled_by_cluster(known, stored, live, revision, state));
    (is_removed || changes_secret || !is_whole).then(|| match values.closed(known) {
        Some(Closed { why, help }) => NotUndoable::ClosedSecret { address, why: format!("{why}; {help}") },
        None => NotUndoable::Secret(address),
    })
}

/// The object that a delete or a replacement takes away.
fn removed(change: &Change) -> &Identity {
    change.replaced.as_ref().map_or(&change.target.identity, |replaced| &replaced.0.identity)
}
