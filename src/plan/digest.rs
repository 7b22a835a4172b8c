//! What tells one plan from another: what it does to which object. Nothing in it is worded for people.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::kubernetes::field_manager;
use crate::kubernetes::marks::{ADDRESS, PROJECT, PROTECT, SENSITIVE};
use crate::plan::diff::field_changes::leaves;
use crate::plan::model::change::{Action, Change};
use crate::plan::model::field_change::{After, Cause, FieldChange};
use crate::plan::model::plan::Plan;
use crate::resource::{FieldPath, digest};

impl Plan {
    /// Tells this plan from others: what it does to which object. Two plans of the same changes have one,
    /// whoever made them: the lineage of a state that is not there yet is left out, and so is what a server
    /// fills in. Nothing secret goes into it, because it is shown where a guess could be tried against it.
    pub fn digest_of(&self) -> String {
        let lineage = (self.serial > 0).then_some(&self.lineage);
        let head = json!([self.project, lineage, self.mode, self.cluster.uid, self.cluster.server]);
        let manager = field_manager(&self.project);
        let mut text = head.to_string();
        for change in &self.changes {
            text.push('\n');
            text.push_str(&meaning(change, &manager).to_string());
        }
        digest(&text)
    }
}

/// What a change means; `manager` is ours.
fn meaning(change: &Change, manager: &str) -> Value {
    let is_ours = |field: &&FieldChange| {
        let sent = change.send.as_ref();
        field.after == After::Absent || sent.is_none_or(|sent| field.path.get(sent).is_some())
    };
    let fields: Vec<Value> = change.fields.iter().filter(is_ours).map(meaning_of_field).collect();
    let old = change.replaced.as_ref().map(|replaced| &replaced.0);
    let is_quiet = fields.is_empty() && change.action == Action::Update;
    let quiet = is_quiet.then(|| meaning_without_a_line(change, manager));
    let Change { address, target, action, moved_from, taken_from, inside, awaits, .. } = change;
    let mut meaning = vec![
        json!(address),
        json!(target),
        json!(action),
        json!(moved_from),
        json!(old),
        json!(taken_from),
        json!(quiet),
        json!(fields),
    ];
    if !inside.lost.is_empty() || !inside.unseen.is_empty() {
        let unseen: Vec<String> = inside.unseen.iter().map(ToString::to_string).collect();
        meaning.push(json!([inside.lost, unseen]));
    }
    // What is awaited may be deleted earlier than all the rest.
    if !awaits.is_empty() {
        meaning.push(json!({ "awaits": awaits }));
    }
    Value::from(meaning)
}

fn meaning_of_field(field: &FieldChange) -> Value {
    if field.sensitive {
        return json!([field.path, "sensitive"]);
    }
    match &field.after {
        After::Value(value) => json!([field.path, field.before, "value", value]),
        After::Absent => json!([field.path, field.before, "absent"]),
        After::Unknown(expression) => json!([field.path, field.before, "unknown", expression]),
    }
}

/// What tells an update apart that has no line to show: whose change it is, which fields are sent and which
/// ones we own so far, and our marks. The lineage is none of them: where there is no state yet, each plan draws
/// another one.
fn meaning_without_a_line(change: &Change, manager: &str) -> Value {
    let (whose, by) = match &change.cause {
        None => ("", &[][..]),
        Some(Cause::Yours) => ("yours", &[][..]),
        Some(Cause::Drift { by }) => ("drift", by.as_slice()),
        Some(Cause::Conflict { by }) => ("conflict", by.as_slice()),
    };
    let by: BTreeSet<_> = by.iter().map(|by| (&by.name, by.operation, &by.subresource)).collect();
    let mut sent = Vec::new();
    if let Some(send) = &change.send {
        leaves(&FieldPath::root(), send, &mut sent);
    }
    let sent: Vec<FieldPath> = sent.into_iter().map(|(path, _)| path).collect();
    let ours = change.prior.as_ref().and_then(|live| live.ownership.apply_entry(manager));
    let owned = ours.map(|entry| (&entry.api_version, entry.fields.owned_paths()));
    let marks = [PROJECT, ADDRESS, PROTECT, SENSITIVE].map(|mark| {
        let mark = FieldPath::keys(["metadata", "annotations", mark]);
        mark.get(change.send.as_ref()?).cloned()
    });
    json!([whose, by, sent, owned, marks])
}

#[cfg(test)]
mod tests;
