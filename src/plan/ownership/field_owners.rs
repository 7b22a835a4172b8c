//! Who owns the fields of an object, whichever names a field goes by.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::kubernetes::field_manager;
use crate::plan::diff::compare::placed;
use crate::plan::model::change::{Change, FieldChange};
use crate::resource::FieldManager;
use crate::resource::{FieldPath, FieldSet, Live, ManagedEntry, Operation};

/// An object as it is, and as it will be.
#[derive(Debug, Clone, Copy)]
pub(in crate::plan) struct Transition<'a> {
    pub(in crate::plan) before: &'a Value,
    pub(in crate::plan) after: &'a Value,
}

/// A field, told from others by where it stands.
///
/// An item of a list has several names: the server takes its own keys (`[containerPort=80,protocol=TCP]`),
/// the plan whichever tell the items apart in both objects (`[http]`). By position they are one; and since
/// an item may be in one of the objects alone, its position in either counts.
#[derive(Debug, Clone)]
pub(in crate::plan) struct FieldPosition {
    pub(in crate::plan) path: FieldPath,
    before: FieldPath,
    after: FieldPath,
}

impl FieldPosition {
    pub(in crate::plan) fn new(path: FieldPath, turn: Transition<'_>) -> Self {
        Self { before: placed(turn.before, &path), after: placed(turn.after, &path), path }
    }

    pub(in crate::plan) fn is(&self, other: &Self) -> bool {
        self.before == other.before || self.after == other.after
    }

    /// Whether the other one is this very field or lies below it.
    pub(in crate::plan) fn contains(&self, other: &Self) -> bool {
        self.before.contains(&other.before) || self.after.contains(&other.after)
    }
}

/// A field that a manager owns itself.
#[derive(Debug, Clone)]
pub(in crate::plan) struct Owned {
    pub(in crate::plan) place: FieldPosition,
    /// Whether it owns something below it as well, and so the field only as the frame of that.
    pub(in crate::plan) is_parent: bool,
}

impl Owned {
    /// Every field of the set.
    pub(in crate::plan) fn all(set: Option<&FieldSet>, turn: Transition<'_>) -> Vec<Self> {
        let paths = set.map(FieldSet::owned_paths).unwrap_or_default();
        paths
            .into_iter()
            .map(|(path, is_parent)| Self { place: FieldPosition::new(path, turn), is_parent })
            .collect()
    }

    /// Whether the field is a part of this one, which is owned whole (an atomic list).
    pub(in crate::plan) fn is_around(&self, place: &FieldPosition) -> bool {
        !self.is_parent && self.place.contains(place)
    }
}

/// The owners of a live object.
#[derive(Debug)]
pub(in crate::plan) struct Owners {
    ours: Vec<Owned>,
    others: Vec<(FieldManager, Vec<Owned>)>,
}

impl Owners {
    /// Ours is what the project owns by server-side apply.
    pub(in crate::plan) fn new(project: &str, live: &Live, turn: Transition<'_>) -> Self {
        let manager = field_manager(project);
        let others = others(&manager, live);
        Self {
            ours: Owned::all(live.ownership.applied_by(&manager), turn),
            others: others
                .map(|entry| (entry.field_manager(), Owned::all(Some(&entry.fields), turn)))
                .collect(),
        }
    }

    /// Whether we own the field, something below it, or all of a value that it is part of.
    pub(in crate::plan) fn is_ours(&self, place: &FieldPosition) -> bool {
        self.ours.iter().any(|owned| place.contains(&owned.place) || owned.is_around(place))
    }

    /// The other managers that own the field or something below it; where nobody does, those that own all
    /// of a value that it is part of. The last one to write comes first.
    pub(in crate::plan) fn managers(&self, place: &FieldPosition) -> Vec<FieldManager> {
        let that = |owns: &dyn Fn(&Owned) -> bool| -> Vec<FieldManager> {
            let found = self.others.iter().filter(|(_, fields)| fields.iter().any(owns));
            found.map(|(manager, _)| manager.clone()).collect()
        };
        let mut managers = that(&|owned| place.contains(&owned.place));
        if managers.is_empty() {
            managers = that(&|owned| owned.is_around(place));
        }
        // The server writes all times alike, so that they sort as texts.
        managers.sort_by_key(|manager| Reverse(manager.time.clone()));
        managers
    }
}

/// Every entry but ours.
fn others<'l>(manager: &str, live: &'l Live) -> impl Iterator<Item = &'l ManagedEntry> {
    live.ownership.entries.iter().filter(move |entry| {
        entry.manager != manager || entry.operation != Operation::Apply || entry.subresource.is_some()
    })
}

/// How many fields of the object others own, which we neither send nor change: they are left alone.
pub(in crate::plan) fn foreign(
    project: &str,
    sent: &Value,
    live: &Live,
    answer: &Live,
    fields: &[FieldChange],
) -> usize {
    let manager = field_manager(project);
    let ours = answer.ownership.applied_by(&manager);
    let status = FieldPath::keys(["status"]);
    let theirs: BTreeSet<FieldPath> = others(&manager, live)
        .filter(|entry| entry.subresource.as_deref() != Some("status"))
        .flat_map(|entry| entry.fields.owned_paths())
        .filter(|(_, is_parent)| !is_parent)
        .map(|(path, _)| path)
        .collect();
    let is_left_alone = |path: &FieldPath| {
        let changes = fields.iter().any(|field| field.path.contains(path) || path.contains(&field.path));
        let is_there = path.get(&live.object).is_some() && !status.contains(path);
        is_there && !changes && path.get(sent).is_none() && !ours.is_some_and(|ours| ours.meets(path))
    };
    theirs.iter().filter(|path| is_left_alone(path)).count()
}

/// The other managers that own a field of a change's object, the last one to write first; nobody where the
/// server keeps no trace.
pub fn other_managers(project: &str, change: &Change, path: &FieldPath) -> Vec<FieldManager> {
    let Some(live) = &change.prior else { return Vec::new() };
    let turn = Transition { before: &live.object, after: &live.object };
    Owners::new(project, live, turn).managers(&FieldPosition::new(path.clone(), turn))
}
