//! Compares a later plan with the approved one.

use super::binding::{Binding, Deviation};
use super::file::{PlanFile, is_bound};
use crate::plan::{Action, Change, Plan, Reason, other_managers};
use crate::resource::{Address, FieldManager, FieldPath, GroupKind, Identity, Key};
use crate::state::{IntentKind, RevisionHead};

/// Whether the run that is about to begin is the first one of the approved plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Nothing of it was done yet.
    Fresh,
    /// An earlier run of the same file was interrupted: a part of the plan may be done already.
    Resumed,
}

/// A difference between the new plan and the approved one, at one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergence {
    /// The resource.
    pub address: Address,
    /// What the difference is.
    pub kind: DivergenceKind,
    /// The last revision of this state that has changed the resource since the plan was made, and how; `None` where none has: it
    /// was others, or a run that did not complete.
    pub revision: Option<(u64, IntentKind)>,
}

/// A field, and the other managers that own it now. The list is empty where the server does not tell.
pub type OwnedField = (FieldPath, Vec<FieldManager>);

/// How the new plan differs from the approved one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DivergenceKind {
    /// Something else would be done.
    Action {
        /// What was approved.
        approved: Action,
        /// What would be done now.
        now: Action,
    },
    /// It would be done to another object of the same name, or would delete another object first.
    Object,
    /// Something else would be sent in these fields.
    Sends(Vec<FieldPath>),
    /// The object holds something else in these fields.
    Holds(Vec<OwnedField>),
    /// An adoption would take the fields of these managers, and not of those that were approved.
    TakesFrom(Vec<String>),
    /// It would be done only after these other changes, which was not approved.
    Awaits(Vec<Address>),
    /// These objects were made in it since, and would be deleted with it.
    AlsoDie(Vec<Identity>),
    /// What is deleted with it could be seen of these kinds then, and cannot be seen now.
    NotSeen(Vec<GroupKind>),
    /// Nothing was to be done to it, and now something would be.
    Unapproved {
        /// What would be done.
        action: Action,
        /// The fields that would change.
        fields: Vec<OwnedField>,
    },
    /// It was to be deleted, and would be kept now: it is protected by now, or holds what stays.
    Kept(Vec<Reason>),
    /// Something was to be done to it, and there is nothing left to do.
    Settled {
        /// What was approved.
        approved: Action,
    },
}

impl Divergence {
    fn new(address: &Address, kind: DivergenceKind) -> Self {
        Self { address: address.clone(), kind, revision: None }
    }

    /// Notes which of the applies that were completed since the plan was made has changed the resource. They come with the
    /// newest first.
    pub fn look_in(&mut self, later: &[RevisionHead]) {
        self.revision = later.iter().find_map(|head| Some((head.number, head.changed.get(&self.address)?)));
    }
}

/// All differences between the approved plan in the file and the new one.
pub fn check(file: &PlanFile, now: &Plan, attempt: Attempt, key: &Key) -> Vec<Divergence> {
    let mut found = Vec::new();
    let mut left: Vec<&Address> = file.bindings().keys().collect();
    for change in now.changes.iter().filter(|change| is_bound(change)) {
        left.retain(|address| **address != change.address);
        let kinds = match file.bindings().get(&change.address) {
            Some(approved) => compare(approved, now, change, attempt, key),
            None => vec![unapproved(now, change)],
        };
        found.extend(kinds.into_iter().map(|kind| Divergence::new(&change.address, kind)));
    }
    // A change that an interrupted run has done does not appear in the new plan.
    if attempt == Attempt::Fresh {
        found.extend(left.into_iter().filter_map(|address| {
            let kept =
                now.changes.iter().find(|change| change.address == *address && change.action == Action::Keep);
            let kind = match kept {
                Some(change) => DivergenceKind::Kept(change.reasons.clone()),
                None => DivergenceKind::Settled { approved: file.bindings().get(address)?.action },
            };
            Some(Divergence::new(address, kind))
        }));
    }
    found
}

fn compare(
    approved: &Binding,
    plan: &Plan,
    change: &Change,
    attempt: Attempt,
    key: &Key,
) -> Vec<DivergenceKind> {
    let now = Binding::of(change, key);
    if attempt == Attempt::Resumed && approved.is_continued_by(&now) {
        return Vec::new();
    }
    let deviations = approved.deviations(&now).into_iter();
    deviations
        .map(|deviation| match deviation {
            Deviation::Action => DivergenceKind::Action { approved: approved.action, now: now.action },
            Deviation::Object => DivergenceKind::Object,
            Deviation::Sends(paths) => DivergenceKind::Sends(paths),
            Deviation::Holds(paths) => DivergenceKind::Holds(owned(plan, change, paths)),
            Deviation::AlsoDie(objects) => DivergenceKind::AlsoDie(objects),
            Deviation::NotSeen(kinds) => DivergenceKind::NotSeen(kinds),
            Deviation::TakesFrom => DivergenceKind::TakesFrom(change.taken_from.clone()),
            Deviation::Awaits(others) => DivergenceKind::Awaits(others),
        })
        .collect()
}

/// The divergence of a change that was not approved.
fn unapproved(plan: &Plan, change: &Change) -> DivergenceKind {
    let paths = change.fields.iter().map(|field| field.path.clone());
    DivergenceKind::Unapproved { action: change.action, fields: owned(plan, change, paths) }
}

fn owned(plan: &Plan, change: &Change, paths: impl IntoIterator<Item = FieldPath>) -> Vec<OwnedField> {
    let managers = |path: &FieldPath| other_managers(&plan.project, change, path);
    paths.into_iter().map(|path| (path.clone(), managers(&path))).collect()
}
