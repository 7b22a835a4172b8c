//! What tells one plan from another: what it does to which object. Nothing in it is worded for people, and nothing in it
//! is a server's answer: whoever may only read has the digest of whoever may ask the server.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::kubernetes::field_manager;
use crate::kubernetes::marks::LINEAGE;
use crate::plan::bound::BoundValues;
use crate::plan::model::change::{Action, Change};
use crate::plan::model::field_change::{After, Cause, FieldChange};
use crate::plan::model::plan::Plan;
use crate::resource::{Address, FieldPath, ManagedEntry, digest};

/// What stands for a value that nobody may see: the digest is shown where a guess could be tried against it.
const SECRET: &str = "sensitive";

impl Plan {
    /// Tells this plan from others: what it does to which object. Two plans of the same changes have one,
    /// whoever made them: the lineage of a state that is not there yet is left out, and so is what a server
    /// fills in, and the way to a cluster whose uid is known. Nothing secret goes into it.
    pub fn digest_of(&self) -> String {
        let lineage = (self.serial > 0).then_some(&self.lineage);
        let cluster = self.cluster.uid.as_ref().unwrap_or(&self.cluster.server);
        let manager = field_manager(&self.project);
        let deleted: BTreeSet<&Address> = self
            .changes
            .iter()
            .filter(|change| change.action == Action::Delete)
            .map(|change| &change.address)
            .collect();
        let mut text = json!([self.project, lineage, self.mode, cluster]).to_string();
        for change in &self.changes {
            text.push('\n');
            text.push_str(&meaning(change, &manager, &deleted).to_string());
        }
        digest(&text)
    }
}

/// What a change means; `manager` is ours, and `deleted` is what the plan deletes.
fn meaning(change: &Change, manager: &str, deleted: &BTreeSet<&Address>) -> Value {
    let Change { address, target, action, moved_from, taken_from, inside, .. } = change;
    let old = change.replaced.as_ref().map(|replaced| &replaced.0);
    let mut meaning = vec![
        json!(address),
        json!(target),
        json!(action),
        json!(moved_from),
        json!(old),
        json!(taken_from),
        json!(going(change)),
    ];
    if action.writes() {
        meaning.push(values(change));
    }
    if *action == Action::Update {
        meaning.push(ownership(change, manager));
    }
    if !inside.lost.is_empty() || !inside.unseen.is_empty() {
        let unseen: Vec<String> = inside.unseen.iter().map(ToString::to_string).collect();
        meaning.push(json!([inside.lost, unseen]));
    }
    // What is awaited is deleted earlier than all the rest. The order of writes harms nothing, and only a server that
    // is asked tells all of it.
    let awaits: Vec<&Address> = change.awaits.iter().filter(|awaited| deleted.contains(awaited)).collect();
    if !awaits.is_empty() {
        meaning.push(json!({ "awaits": awaits }));
    }
    Value::from(meaning)
}

/// The values that are sent, those that the object holds in these fields, and the secrets that change. The lineage is
/// none of them: where there is no state yet, each plan draws another one.
fn values(change: &Change) -> Value {
    let values = BoundValues::new(change, |_, _| SECRET.to_owned());
    let mut sent = values.sent();
    sent.remove(&FieldPath::keys(["metadata", "annotations", LINEAGE]));
    let held = values.held(sent.keys().chain(&change.takes).cloned());
    let secrets = change.fields.iter().filter(|field| field.sensitive && field.after != After::Absent);
    let secrets: Vec<&FieldPath> = secrets.map(|field| &field.path).collect();
    json!([sent, held, secrets])
}

/// The fields that an object loses, with their values.
fn going(change: &Change) -> Vec<Value> {
    let going = change.fields.iter().filter(|field| field.after == After::Absent);
    let going = going.filter(|field| !is_dropped_by_the_server(change, field));
    going
        .map(|field| {
            let before = if field.sensitive { json!(SECRET) } else { json!(field.before) };
            json!([field.path, before])
        })
        .collect()
}

/// Whether nobody has set the field, and nobody takes it away: the server filled it in, and drops it by itself.
fn is_dropped_by_the_server(change: &Change, field: &FieldChange) -> bool {
    let is_kept = matches!(change.action, Action::Update | Action::Adopt);
    let Some(live) = change.prior.as_ref().filter(|_| is_kept) else { return false };
    let owners = &live.ownership.entries;
    let owns = |entry: &ManagedEntry| {
        entry.fields.touches(&field.path) || entry.fields.leaf_above(&field.path).is_some()
    };
    let is_taken = change.takes.iter().any(|taken| taken.contains(&field.path));
    !owners.is_empty() && !is_taken && !owners.iter().any(owns)
}

/// What an update does to owners: whose change it is where no field tells, and which fields we own so far.
fn ownership(change: &Change, manager: &str) -> Value {
    let (whose, by) = match &change.cause {
        None => ("", &[][..]),
        Some(Cause::Yours) => ("yours", &[][..]),
        Some(Cause::Drift { by }) => ("drift", by.as_slice()),
        Some(Cause::Conflict { by }) => ("conflict", by.as_slice()),
    };
    let by: BTreeSet<_> = by.iter().map(|by| (&by.name, by.operation, &by.subresource)).collect();
    let ours = change.prior.as_ref().and_then(|live| live.ownership.apply_entry(manager));
    let owned = ours.map(|entry| (&entry.api_version, entry.fields.owned_paths()));
    json!([whose, by, owned])
}

#[cfg(test)]
mod tests;
