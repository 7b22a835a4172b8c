//! Proof by record: the record of the last apply shows that sending the same again would change nothing.

use std::borrow::Cow;

use serde_json::Value;

use crate::kubernetes::field_manager;
use crate::kubernetes::marks::hidden_in;
use crate::kubernetes::secret_data;
use crate::plan::diff::compare::keyed;
use crate::plan::diff::field_changes::leaves;
use crate::plan::diff::sensitive_fields::SensitiveFields;
use crate::plan::proof::by_owner;
use crate::plan::proof::list_items;
use crate::resource::{
    self, Applied, Desired, FieldPath, Held, Live, RecordedFields, SentObject, is_house_group,
};

/// The record of a write: what was sent, what the server's answer holds in our fields, and what others have beside
/// them.
pub fn record(project: &str, desired: &Desired, sent: &Value, answer: &Live) -> Applied {
    let manager = field_manager(project);
    let sensitive_fields = SensitiveFields::new(desired, &answer.object);
    let hides = |path: &FieldPath| sensitive_fields.hides(path);
    let held: Vec<(FieldPath, Held)> = if is_house_group(&desired.identity.group) {
        // No field has an owner there: what is sent counts as ours.
        resource::held_at(sent_fields(sent), &answer.object, hides).collect()
    } else {
        resource::held(answer, &manager, hides)
    };
    let foreign_items = resource::foreign_items(answer, &manager, hides);
    let (digest, sent_object) = without_secrets(desired, sent, &answer.object);
    Applied {
        resource_version: answer.stamp.version.clone(),
        sent: digest,
        rendered_from: desired.rendered_from.clone(),
        sent_object: Some(sent_object),
        fields: held.into_iter().map(|(path, held)| (path.to_string(), held)).collect(),
        foreign_items: Some(foreign_items.iter().map(ToString::to_string).collect()),
        unstable_fields: desired.random.iter().map(|(path, ())| path.clone()).collect(),
        ..Applied::default()
    }
}

/// Every field of what is sent that is a value by itself, but for those that name the object.
fn sent_fields(sent: &Value) -> impl Iterator<Item = FieldPath> {
    leaves(sent).into_iter().map(|(path, _)| path).filter(|path| !path.names_the_object())
}

/// Whether sending this again would change nothing: the same was sent last time, in the same API version, and our
/// fields, their values and the order of our items are those of the server's answer then.
///
/// Secrets are in no record, so they are compared with the object itself: the object must hold them exactly as
/// they are sent.
pub(in crate::plan) fn proves_unchanged(
    applied: &Applied,
    project: &str,
    desired: &Desired,
    sent: &Value,
    live: &Live,
) -> bool {
    let Some(ours) = by_owner::ours(project, sent, live) else { return false };
    digest_without_secrets(desired, sent) == applied.sent
        && secret_paths(desired)
            .iter()
            .all(|path| path.get(sent).is_none_or(|sent| holds(sent, path.get(&live.object))))
        && holds_the_same(applied, project, desired, sent, live)
        && list_items::contains_structure(ours, sent, &live.object)
}

/// Whether our fields are those of the record, and hold what it says.
fn holds_the_same(applied: &Applied, project: &str, desired: &Desired, sent: &Value, live: &Live) -> bool {
    let sensitive_fields = SensitiveFields::new(desired, &live.object);
    let is_as_sent = |path: &FieldPath| path.get(sent) == path.get(&live.object);
    let mut recorded = RecordedFields::of(applied);
    let mut count = 0;
    resource::all_held(
        live,
        &field_manager(project),
        |path| sensitive_fields.hides(path),
        |path, held| {
            count += 1;
            (held != Held::Hidden || is_as_sent(path)) && recorded.get(path) == Some(held)
        },
    ) && count == applied.fields.len()
}

/// SHA-256 of what is sent, without secret values. The names of secret fields stay in it: otherwise nobody would
/// notice a secret that is not sent any more.
pub(in crate::plan) fn digest_without_secrets(desired: &Desired, sent: &Value) -> String {
    resource::digest(&open(desired, sent).to_string())
}

/// The same digest; and what is sent, by the same rule, and without what the live object says to be hidden.
fn without_secrets(desired: &Desired, sent: &Value, live: &Value) -> (String, SentObject) {
    let open = open(desired, sent);
    let text = open.to_string();
    let digest = resource::digest(&text);
    let hidden = hidden_in(live);
    if hidden.is_empty() {
        return (digest, SentObject::of_text(text));
    }
    let mut open = open.into_owned();
    resource::withhold(&mut open, &hidden);
    (digest, SentObject::of_text(open.to_string()))
}

/// What is sent, without secret values. Most objects have none, and need no copy.
fn open<'s>(desired: &Desired, sent: &'s Value) -> Cow<'s, Value> {
    let secrets = secret_paths(desired);
    if secrets.is_empty() {
        return Cow::Borrowed(sent);
    }
    let mut open = sent.clone();
    resource::withhold(&mut open, &secrets);
    Cow::Owned(open)
}

/// Whether the live object holds every secret that is sent. Others may have added more.
fn holds(sent: &Value, live: Option<&Value>) -> bool {
    match sent {
        Value::Null => true,
        Value::Object(map) => {
            map.iter().all(|(key, below)| holds(below, live.and_then(|live| live.get(key))))
        }
        Value::Array(items) if items.is_empty() => true,
        value => live == Some(value),
    }
}

/// Where secrets stand in what is sent: its lists may have other items than those of the desired object.
fn secret_paths(desired: &Desired) -> Vec<FieldPath> {
    secret_data::secret_paths(desired).iter().map(|path| keyed(&desired.object, path)).collect()
}

#[cfg(test)]
mod tests;
