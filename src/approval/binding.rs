//! What an approval of a change fixes: what the change does to which object, which values it sends, and which
//! values the object had in these fields when the change was approved.
//!
//! It leaves out everything that may differ between two plans of the same change: what the server fills in, what
//! the run itself makes (generated secrets, salted hashes), fields of others, how a difference is known. Values are
//! kept as digests, secrets as sealed ones. What the plan as a whole is bound by is in
//! [`preconditions`](super::preconditions).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::plan::{Action, After, BoundValues, Change, Content};
use crate::resource::{Address, FieldPath, GroupKind, Identity, Key, Target};

/// The purpose that is sealed together with a field's value, so that no other seal can take its place.
const PURPOSE: &str = "field";

/// What an approval fixes of one change: what it does to which object, what it sends, and which values the
/// object had when it was approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// What is done to the object.
    pub action: Action,
    /// The object that it is done to.
    pub target: Target,
    /// The uid of the object; `None` where it does not exist yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    moved_from: Option<Address>,
    /// The object of another name that is deleted first, with its uid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaced: Option<(Target, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    taken_from: Vec<String>,
    /// What is done before it, so that the server takes it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    awaits: BTreeSet<Address>,
    /// What is deleted with it, by uid.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    dies_with: BTreeMap<String, Identity>,
    /// The kinds that could not be looked at when it was found out what is deleted with it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    unseen: BTreeSet<GroupKind>,
    /// The values that are sent, by field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    sent: BTreeMap<FieldPath, Content>,
    /// The values that the object has in the fields that are sent, and in those that are removed or taken first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    prior: BTreeMap<FieldPath, Content>,
}

/// How a change differs from the approved one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deviation {
    /// Something else would be done.
    Action,
    /// It would be done to another object of the same name, or for the sake of another one.
    Object,
    /// Something else would be sent in these fields.
    Sends(Vec<FieldPath>),
    /// The object holds something else in these fields.
    Holds(Vec<FieldPath>),
    /// An adoption would take the fields of other managers.
    TakesFrom,
    /// It would be done only after these other changes, some of them deletes that would come earlier than approved.
    Awaits(Vec<Address>),
    /// These objects would be deleted with it too.
    AlsoDie(Vec<Identity>),
    /// What it holds of these kinds could be seen then, and cannot be seen now.
    NotSeen(Vec<GroupKind>),
}

impl Binding {
    /// The binding of a change; `key` seals the digests of secret values.
    pub fn of(change: &Change, key: &Key) -> Self {
        let values = BoundValues::new(change, |path, value| sealed(key, &change.address, path, value));
        let sent = values.sent();
        let going = change.single_fields().filter(|field| field.after == After::Absent);
        let going = going.map(|field| &field.path).chain(&change.takes);
        let prior = values.held(sent.keys().chain(going).cloned());
        Self {
            action: change.action,
            target: change.target.clone(),
            uid: change.stamp().map(|stamp| stamp.uid.clone()),
            moved_from: change.moved_from.clone(),
            replaced: change
                .replaced
                .as_deref()
                .map(|(target, live)| (target.clone(), live.stamp.uid.clone())),
            taken_from: change.taken_from.clone(),
            awaits: change.awaits.iter().cloned().collect(),
            dies_with: change.inside.lost.clone(),
            unseen: change.inside.unseen.clone(),
            sent,
            prior,
        }
    }

    /// The differences between this approved change and the one that a later plan found.
    pub fn deviations(&self, now: &Self) -> Vec<Deviation> {
        if self.action != now.action {
            return vec![Deviation::Action];
        }
        let mut found = Vec::new();
        let bound = |binding: &Self| {
            (
                binding.target.clone(),
                binding.uid.clone(),
                binding.moved_from.clone(),
                binding.replaced.clone(),
            )
        };
        if bound(self) != bound(now) {
            found.push(Deviation::Object);
        }
        let sends = differing(&self.sent, &now.sent);
        // A field that is sent in another way is reported once, and not as a field with another value too.
        let mut holds = differing(&self.prior, &now.prior);
        holds.retain(|path| !sends.contains(path));
        let fields = [(sends, Deviation::Sends as fn(_) -> _), (holds, Deviation::Holds)];
        found.extend(fields.into_iter().filter(|(paths, _)| !paths.is_empty()).map(|(paths, is)| is(paths)));
        if self.taken_from != now.taken_from {
            found.push(Deviation::TakesFrom);
        }
        // What was to be done before it may be done already.
        let more: Vec<Address> = now.awaits.difference(&self.awaits).cloned().collect();
        if !more.is_empty() {
            found.push(Deviation::Awaits(more));
        }
        let more = self.more_that_dies(now);
        if !more.is_empty() {
            found.push(Deviation::AlsoDie(more));
        }
        let hidden: Vec<GroupKind> = now.unseen.difference(&self.unseen).cloned().collect();
        if !hidden.is_empty() {
            found.push(Deviation::NotSeen(hidden));
        }
        found
    }

    /// What would be deleted with it, and was not named when it was approved. What could not be looked at then may
    /// have been there.
    fn more_that_dies(&self, now: &Self) -> Vec<Identity> {
        let more = now.dies_with.iter().filter(|(uid, _)| !self.dies_with.contains_key(*uid));
        let more = more.map(|(_, identity)| identity);
        more.filter(|identity| !self.unseen.contains(&identity.group_kind())).cloned().collect()
    }

    /// Whether the change that a later plan found is the rest of this one after its run was interrupted: the
    /// object that it was to delete is gone.
    pub fn is_continued_by(&self, now: &Self) -> bool {
        let is_half_done = matches!(
            (self.action, now.action),
            (Action::Replace, Action::Create) | (Action::Delete, Action::Forget)
        );
        is_half_done && self.target == now.target && differing(&self.sent, &now.sent).is_empty()
    }
}

/// Whether `now`, found by a later plan, is what was approved: a reference that had no value then may have one now.
fn is_as_approved(approved: &Content, now: Option<&Content>) -> bool {
    match (approved, now) {
        (Content::Made, Some(_)) => true,
        (
            Content::Reference { expression, value: None },
            Some(Content::Reference { expression: now, .. }),
        ) => expression == now,
        (approved, Some(now)) => approved == now,
        (_, None) => false,
    }
}

fn differing(approved: &BTreeMap<FieldPath, Content>, now: &BTreeMap<FieldPath, Content>) -> Vec<FieldPath> {
    let changed = approved.iter().filter(|(path, content)| !is_as_approved(content, now.get(*path)));
    let more = now.iter().filter(|(path, _)| !approved.contains_key(*path));
    changed.chain(more).map(|(path, _)| path.clone()).collect()
}

/// What stands for a value of this resource that nobody may see. The field's path is sealed with the value, so that
/// nobody sees that two fields hold the same secret.
fn sealed(key: &Key, address: &Address, path: &FieldPath, value: &Value) -> String {
    key.seal(PURPOSE, &format!("{address}\n{path}\n{value}"))
}

#[cfg(test)]
mod tests;
