//! Which field manager owns which fields of a live object, as the server records it.

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use super::{FieldPath, Segment};

/// How a manager came to own its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// By server-side apply.
    Apply,
    /// By any other write.
    Update,
}

/// One entry of `metadata.managedFields`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedEntry {
    /// The field manager.
    pub manager: String,
    /// How it wrote.
    pub operation: Operation,
    /// The version (`apps/v1`) in which the fields have these names.
    pub api_version: String,
    /// When it last wrote (RFC 3339); one time for the entry, not for each field.
    pub time: Option<String>,
    /// The subresource through which it wrote, such as `status` or `scale`.
    pub subresource: Option<String>,
    /// Its fields.
    pub fields: FieldSet,
}

/// Who wrote to a field: a field manager, which is a program and not a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FieldManager {
    /// Its name, such as `kubectl` or `regplan:shop`.
    #[serde(rename = "manager")]
    pub name: String,
    /// How it wrote.
    pub operation: Operation,
    /// Through which subresource (`scale`), if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subresource: Option<String>,
    /// When it last wrote to the object (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

impl ManagedEntry {
    /// Who wrote it.
    pub fn field_manager(&self) -> FieldManager {
        FieldManager {
            name: self.manager.clone(),
            operation: self.operation,
            subresource: self.subresource.clone(),
            time: self.time.clone(),
        }
    }
}

/// A set of fields as a tree. Sets of plain values and keyed items are [`Segment::Item`]s.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSet {
    /// Whether the field itself is owned (a leaf, or `.` in the server's form).
    pub owned: bool,
    /// What is owned below it. Every object that is read brings dozens of these, most with one or two
    /// entries: a `BTreeMap` would take many times the memory.
    pub children: LiteMap<Segment, FieldSet>,
}

/// All owners of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ownership {
    /// The entries as the server gave them.
    pub entries: Vec<ManagedEntry>,
}

impl FieldSet {
    fn covers(&self, path: &[Segment]) -> bool {
        let Some((step, rest)) = path.split_first() else { return self.owned || !self.children.is_empty() };
        match self.children.get(step) {
            Some(below) => below.covers(rest),
            None => self.owned && self.children.is_empty(),
        }
    }

    /// Whether the field, or anything below it, is in the set.
    pub fn touches(&self, path: &FieldPath) -> bool {
        self.reaches(path.segments())
    }

    fn reaches(&self, path: &[Segment]) -> bool {
        let Some((first, rest)) = path.split_first() else { return true };
        self.called(first).any(|(_, below)| below.reaches(rest))
    }

    /// The field above this one that is owned as one value, where there is one: nothing below such a field
    /// has an owner of its own.
    pub fn leaf_above(&self, path: &FieldPath) -> Option<FieldPath> {
        let mut at = self;
        let mut above = FieldPath::root();
        for segment in path.segments() {
            if at.children.is_empty() && at.owned {
                return Some(above);
            }
            let (owned, below) = at.called(segment).next()?;
            above = above.join(owned.clone());
            at = below;
        }
        None
    }

    fn called(&self, named: &Segment) -> impl Iterator<Item = (&Segment, &Self)> {
        self.children.iter().filter(move |(segment, _)| segment.is_called(named))
    }

    /// Every field that is owned itself, with whether something below it is owned as well.
    pub fn owned_paths(&self) -> Vec<(FieldPath, bool)> {
        let mut found = Vec::new();
        self.each_owned(&mut FieldPath::root(), &mut |path, is_parent| {
            found.push((path.clone(), is_parent));
            true
        });
        found
    }

    /// Whether the set has this field, something below it, or a whole value that the field is part of. The path
    /// must be as the server writes it.
    pub fn meets(&self, path: &FieldPath) -> bool {
        let mut at = self;
        for segment in path.segments() {
            if at.owned && at.children.is_empty() {
                return true;
            }
            let Some(below) = at.children.get(segment) else { return false };
            at = below;
        }
        true
    }

    /// Calls `take` with each of [`owned_paths`](Self::owned_paths), until it returns `false`. Returns whether it
    /// never did.
    pub(super) fn each_owned(
        &self,
        path: &mut FieldPath,
        take: &mut impl FnMut(&FieldPath, bool) -> bool,
    ) -> bool {
        (!self.owned || take(path, !self.children.is_empty()))
            && self
                .children
                .iter()
                .all(|(segment, below)| path.within(segment.clone(), |path| below.each_owned(path, take)))
    }

    /// Shows what lies beside the fields of another set: what is in a map or a list in which that one has
    /// something, and is not in that one. What lies below is not shown.
    pub(super) fn each_beside(&self, other: &Self, path: &mut FieldPath, take: &mut impl FnMut(&FieldPath)) {
        for (segment, below) in self.children.iter() {
            path.within(segment.clone(), |path| match other.children.get(segment) {
                None => take(path),
                // What has nothing below it is the other's as a whole.
                Some(other) if other.children.is_empty() => {}
                Some(other) => below.each_beside(other, path, take),
            });
        }
    }
}

/// The set of these fields, each owned itself.
impl FromIterator<FieldPath> for FieldSet {
    fn from_iter<I: IntoIterator<Item = FieldPath>>(paths: I) -> Self {
        let mut set = Self::default();
        for path in paths {
            let at = path
                .segments()
                .iter()
                .fold(&mut set, |at, step| at.children.entry(step.clone()).or_default());
            at.owned = true;
        }
        set
    }
}

impl Ownership {
    /// The field managers that own the field, a field below it, or an atomic map or list that contains it.
    pub fn owners_of(&self, path: &FieldPath) -> Vec<FieldManager> {
        let owning = self.entries.iter().filter(|entry| entry.fields.covers(path.segments()));
        owning.map(ManagedEntry::field_manager).collect()
    }

    /// The managers that own anything outside subresources, without repetition, in the server's order.
    pub fn managers(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.subresource.is_none()) {
            if !names.contains(&entry.manager.as_str()) {
                names.push(entry.manager.as_str());
            }
        }
        names
    }

    /// A manager's entry for what it wrote by server-side apply. There is one at most, whatever the version.
    pub fn apply_entry(&self, manager: &str) -> Option<&ManagedEntry> {
        self.entries.iter().find(|entry| {
            entry.manager == manager && entry.operation == Operation::Apply && entry.subresource.is_none()
        })
    }

    /// What a manager owns by server-side apply.
    pub fn applied_by(&self, manager: &str) -> Option<&FieldSet> {
        self.apply_entry(manager).map(|entry| &entry.fields)
    }
}
