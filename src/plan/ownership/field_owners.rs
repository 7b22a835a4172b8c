//! Which field managers own the fields of an object, whatever names the fields have.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::kubernetes::field_manager;
use crate::plan::model::change::Change;
use crate::plan::model::field_change::FieldChange;
use crate::resource::{FieldManager, FieldPath, FieldSet, Live, ManagedEntry, Operation};

/// An object as it is, and as it will be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Transition<'a> {
    /// As it is.
    pub(super) before: &'a Value,
    /// As it will be.
    pub(super) after: &'a Value,
}

/// A field, identified by its position.
///
/// An item of a list has several names: the server uses the keys of its schema
/// (`[containerPort=80,protocol=TCP]`), the plan uses the first keys that differ between all items (`[http]`). The
/// position is the same for all names. An item may be in one of the two objects only, so its position in
/// either of them counts.
#[derive(Debug, Clone)]
pub(super) struct FieldPosition {
    path: FieldPath,
    before: FieldPath,
    after: FieldPath,
}

impl FieldPosition {
    /// The position of the field with this path.
    pub(super) fn new(path: FieldPath, transition: Transition<'_>) -> Self {
        Self { before: path.indexed_in(transition.before), after: path.indexed_in(transition.after), path }
    }

    /// The path that it was made from.
    pub(super) fn path(&self) -> &FieldPath {
        &self.path
    }

    /// The part of a path that comes after this one's.
    pub(super) fn below(&self, path: &FieldPath) -> FieldPath {
        path.segments().iter().skip(self.path.segments().len()).cloned().collect()
    }

    /// The path of a field that is this one or lies below it, with the name that this one was made from.
    pub(super) fn named_below(&self, inner: &Self) -> FieldPath {
        self.path.join_all(&self.below(&inner.path))
    }

    /// Whether both are the same field.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.before == other.before || self.after == other.after
    }

    /// Whether the other field is this one or lies below it.
    pub(super) fn contains(&self, other: &Self) -> bool {
        self.before.contains(&other.before) || self.after.contains(&other.after)
    }
}

/// A field that a manager owns.
#[derive(Debug, Clone)]
pub(super) struct OwnedPosition {
    position: FieldPosition,
    /// Whether the manager owns fields below it as well: then it owns the map or item, and not all that is in it.
    is_parent: bool,
}

impl OwnedPosition {
    /// A field that is owned.
    pub(super) fn new(position: FieldPosition, is_parent: bool) -> Self {
        Self { position, is_parent }
    }

    /// Every field of the set.
    pub(super) fn all(set: Option<&FieldSet>, transition: Transition<'_>) -> Vec<Self> {
        let paths = set.map(FieldSet::owned_paths).unwrap_or_default();
        paths
            .into_iter()
            .map(|(path, is_parent)| Self { position: FieldPosition::new(path, transition), is_parent })
            .collect()
    }

    /// Which field it is.
    pub(super) fn position(&self) -> &FieldPosition {
        &self.position
    }

    /// Whether the field is a part of this one, which is owned as one value (an atomic list).
    pub(super) fn contains_as_a_whole(&self, position: &FieldPosition) -> bool {
        !self.is_parent && self.position.contains(position)
    }
}

/// The managers that own the fields of a live object.
#[derive(Debug)]
pub(super) struct FieldOwners {
    ours: Vec<OwnedPosition>,
    others: Vec<(FieldManager, Vec<OwnedPosition>)>,
}

impl FieldOwners {
    /// The owners in this object. Ours is what the project owns by server-side apply.
    pub(super) fn new(project: &str, live: &Live, transition: Transition<'_>) -> Self {
        let manager = field_manager(project);
        let others = others(&manager, live);
        Self {
            ours: OwnedPosition::all(live.ownership.applied_by(&manager), transition),
            others: others
                .map(|entry| (entry.field_manager(), OwnedPosition::all(Some(&entry.fields), transition)))
                .collect(),
        }
    }

    /// Whether we own the field, something below it, or all of a value that it is part of.
    pub(super) fn is_ours(&self, position: &FieldPosition) -> bool {
        self.ours
            .iter()
            .any(|owned| position.contains(&owned.position) || owned.contains_as_a_whole(position))
    }

    /// The other managers that own the field or something below it; where there are none, those that own a
    /// whole value that the field is part of. The last one to write comes first.
    pub(super) fn managers(&self, position: &FieldPosition) -> Vec<FieldManager> {
        let managers_where = |owns: &dyn Fn(&OwnedPosition) -> bool| -> Vec<FieldManager> {
            let found = self.others.iter().filter(|(_, fields)| fields.iter().any(owns));
            found.map(|(manager, _)| manager.clone()).collect()
        };
        let mut managers = managers_where(&|owned| position.contains(&owned.position));
        if managers.is_empty() {
            managers = managers_where(&|owned| owned.contains_as_a_whole(position));
        }
        // The server writes all times in one form, so the order of the texts is the order in time.
        managers.sort_by_key(|manager| Reverse(manager.time.clone()));
        managers
    }
}

/// Every entry but ours, which is what we own by server-side apply.
pub(super) fn others<'l>(manager: &str, live: &'l Live) -> impl Iterator<Item = &'l ManagedEntry> {
    live.ownership.entries.iter().filter(move |entry| {
        entry.manager != manager || entry.operation != Operation::Apply || entry.subresource.is_some()
    })
}

/// How many fields of the object only others own, and we neither send nor change.
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
    let transition = Transition { before: &live.object, after: &live.object };
    FieldOwners::new(project, live, transition).managers(&FieldPosition::new(path.clone(), transition))
}
