//! Who owns the fields of an object, whichever names a field goes by.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde_json::Value;

use super::change::{FieldChange, Hand};
use super::compare::placed;
use super::send::field_manager;
use crate::resource::{FieldPath, FieldSet, Live, ManagedEntry, Operation};

/// An object as it is, and as it will be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn<'a> {
    pub(super) before: &'a Value,
    pub(super) after: &'a Value,
}

/// A field, told from others by where it stands.
///
/// An item of a list has several names: the server takes its own keys (`[containerPort=80,protocol=TCP]`),
/// the plan whichever tell the items apart in both objects (`[http]`). By position they are one; and since
/// an item may be in one of the objects alone, its position in either counts.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) path: FieldPath,
    before: FieldPath,
    after: FieldPath,
}

impl Place {
    pub(super) fn new(path: FieldPath, turn: Turn<'_>) -> Self {
        Self { before: placed(turn.before, &path), after: placed(turn.after, &path), path }
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.before == other.before || self.after == other.after
    }

    /// Whether the other one is this very field or lies below it.
    pub(super) fn contains(&self, other: &Self) -> bool {
        self.before.contains(&other.before) || self.after.contains(&other.after)
    }
}

/// A field that a manager owns itself.
#[derive(Debug, Clone)]
pub(super) struct Owned {
    pub(super) place: Place,
    /// Whether it owns something below it as well, and so the field only as the frame of that.
    pub(super) is_parent: bool,
}

impl Owned {
    /// Every field of the set.
    pub(super) fn all(set: Option<&FieldSet>, turn: Turn<'_>) -> Vec<Self> {
        let paths = set.map(FieldSet::owned_paths).unwrap_or_default();
        paths.into_iter().map(|(path, is_parent)| Self { place: Place::new(path, turn), is_parent }).collect()
    }

    /// Whether the field is a part of this one, which is owned whole (an atomic list).
    pub(super) fn is_around(&self, place: &Place) -> bool {
        !self.is_parent && self.place.contains(place)
    }
}

/// The owners of a live object.
#[derive(Debug)]
pub(super) struct Owners {
    ours: Vec<Owned>,
    others: Vec<(Hand, Vec<Owned>)>,
}

impl Owners {
    /// Ours is what the project owns by server-side apply.
    pub(super) fn new(project: &str, live: &Live, turn: Turn<'_>) -> Self {
        let manager = field_manager(project);
        let others = others(&manager, live);
        Self {
            ours: Owned::all(live.ownership.applied_by(&manager), turn),
            others: others.map(|entry| (hand(entry), Owned::all(Some(&entry.fields), turn))).collect(),
        }
    }

    /// Whether we own the field, something below it, or all of a value that it is part of.
    pub(super) fn is_ours(&self, place: &Place) -> bool {
        self.ours.iter().any(|owned| place.contains(&owned.place) || owned.is_around(place))
    }

    /// The other managers that own the field or something below it; where nobody does, those that own all
    /// of a value that it is part of. The last one to write comes first.
    pub(super) fn hands(&self, place: &Place) -> Vec<Hand> {
        let that = |owns: &dyn Fn(&Owned) -> bool| -> Vec<Hand> {
            let found = self.others.iter().filter(|(_, fields)| fields.iter().any(owns));
            found.map(|(hand, _)| hand.clone()).collect()
        };
        let mut hands = that(&|owned| place.contains(&owned.place));
        if hands.is_empty() {
            hands = that(&|owned| owned.is_around(place));
        }
        // The server writes all times alike, so that they sort as texts.
        hands.sort_by_key(|hand| Reverse(hand.time.clone()));
        hands
    }
}

fn hand(entry: &ManagedEntry) -> Hand {
    Hand {
        manager: entry.manager.clone(),
        operation: entry.operation,
        subresource: entry.subresource.clone(),
        time: entry.time.clone(),
    }
}

/// Every entry but ours.
fn others<'l>(manager: &str, live: &'l Live) -> impl Iterator<Item = &'l ManagedEntry> {
    live.ownership.entries.iter().filter(move |entry| {
        entry.manager != manager || entry.operation != Operation::Apply || entry.subresource.is_some()
    })
}

/// How many fields of the object others own, which we neither send nor change: they are left alone.
pub(super) fn foreign(
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
