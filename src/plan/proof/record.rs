//! Proof by record: the record of the last apply shows that sending the same again would change nothing.

use serde_json::Value;

use crate::kubernetes::field_manager;
use crate::plan::diff::compare::keyed;
use crate::plan::diff::sensitive_fields::SensitiveFields;
use crate::plan::proof::list_items;
use crate::plan::proof::ownership;
use crate::resource::{self, Applied, Desired, FieldPath, Held, Live};

/// The record of a write: what was sent, and what the server's answer holds in our fields.
pub fn record(project: &str, desired: &Desired, sent: &Value, answer: &Live) -> Applied {
    let sensitive_fields = SensitiveFields::new(desired, &answer.object);
    let held = resource::held(answer, &field_manager(project), |path| sensitive_fields.hides(path));
    Applied {
        resource_version: answer.stamp.version.clone(),
        sent: digest_without_secrets(desired, sent),
        fields: held.into_iter().map(|(path, held)| (path.to_string(), held)).collect(),
    }
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
    let Some(ours) = ownership::ours(project, sent, live) else { return false };
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
    let mut count = 0;
    resource::all_held(
        live,
        &field_manager(project),
        |path| sensitive_fields.hides(path),
        |path, held| {
            count += 1;
            (held != Held::Hidden || is_as_sent(path)) && applied.fields.get(&path.to_string()) == Some(&held)
        },
    ) && count == applied.fields.len()
}

/// SHA-256 of what is sent, without secret values. The names of secret fields stay in it: otherwise nobody would
/// notice a secret that is not sent any more.
pub(in crate::plan) fn digest_without_secrets(desired: &Desired, sent: &Value) -> String {
    let secrets = secret_paths(desired);
    if secrets.is_empty() {
        return resource::digest(&sent.to_string());
    }
    let mut open = sent.clone();
    for path in secrets {
        if let Some(secret) = path.get_mut(&mut open) {
            blank(secret);
        }
    }
    resource::digest(&open.to_string())
}

/// Replaces every value, and leaves the fields that hold them.
fn blank(secret: &mut Value) {
    match secret {
        Value::Null => {}
        Value::Object(map) => map.values_mut().for_each(blank),
        Value::Array(items) => items.iter_mut().for_each(blank),
        value => *value = Value::from("(sensitive)"),
    }
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

/// The fields of what is sent that hold secrets.
fn secret_paths(desired: &Desired) -> Vec<FieldPath> {
    let marked = desired.sensitive.iter().map(|(path, ())| keyed(&desired.object, path));
    let data = ["data", "stringData"].into_iter().filter(|_| desired.identity.is("", "Secret"));
    marked.chain(data.map(|key| FieldPath::keys([key]))).collect()
}

#[cfg(test)]
mod tests;
