//! Proof by ownership: the object itself shows that sending ours again would change nothing.
//!
//! An apply changes an object in three ways. It sets fields to other values, it removes fields that its manager
//! owned and does not send any more, and it changes the ownership of fields. None of this happens where the live
//! object holds every field that is sent, with exactly this value, and the manager owns by apply exactly the
//! fields that are sent. How the server changes values when it stores them (`1000m` becomes `1`, an empty text is
//! removed) cannot be known from here: such an object is not proved, and the server is asked.
//!
//! No proof notices that admission has changed since the last apply; a dry-run would.

use serde_json::{Map, Value};

use crate::kubernetes::{atomic, field_manager};
use crate::plan::proof::list_items;
use crate::plan::proof::list_items::Item;
use crate::resource::{FieldPath, FieldSet, Live, Segment, api_version_parts, is_builtin_group};

/// Fields that name an object, and that nobody owns.
const NAMES: &[&str] = &["apiVersion", "kind"];
const NAMES_IN_METADATA: &[&str] = &["name", "namespace"];

/// Whether the object alone shows that sending this would change nothing.
pub(in crate::plan) fn proves_unchanged(project: &str, sent: &Value, live: &Live) -> bool {
    let Some(fields) = ours(project, sent, live) else { return false };
    let (Some(content), Some(there)) = (sent.as_object(), live.object.as_object()) else { return false };
    let group = sent.get("apiVersion").and_then(Value::as_str).map(|version| api_version_parts(version).0);
    let schema = Schema { is_builtin: group.is_some_and(is_builtin_group) };
    let own = content.iter().filter(|(key, value)| match (key.as_str(), value) {
        ("metadata", Value::Object(metadata)) => own_metadata(metadata).next().is_some(),
        (key, _) => !NAMES.contains(&key),
    });
    !fields.owned
        && holds_all(fields, own, there, |key, fields, sent, live| match (key, sent, live) {
            ("metadata", Value::Object(sent), Value::Object(live)) => {
                let holds = |key: &str, fields: &FieldSet, sent: &Value, live: &Value| {
                    schema.holds(key, fields, sent, live)
                };
                !fields.owned && holds_all(fields, own_metadata(sent), live, holds)
            }
            _ => schema.holds(key, fields, sent, live),
        })
}

fn own_metadata(metadata: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    metadata.iter().filter(|(key, _)| !NAMES_IN_METADATA.contains(&key.as_str()))
}

/// The fields that we own by apply in an object that is not being deleted, where they are recorded in the API
/// version in which it is sent and was read. In another version the same fields may have other names, and an
/// apply would record them anew.
pub(in crate::plan) fn ours<'l>(project: &str, sent: &Value, live: &'l Live) -> Option<&'l FieldSet> {
    let entry = live.ownership.apply_entry(&field_manager(project))?;
    let version = sent.get("apiVersion")?.as_str()?;
    let is_read = live.object.get("apiVersion").and_then(Value::as_str) == Some(version);
    (is_read && entry.api_version == version && !live.is_ending()).then_some(&entry.fields)
}

/// Whether the server may store an empty map in the object that no answer shows: labels or annotations of a custom
/// resource, which somebody sent as `{}` or `null`, or the last of which somebody removed. Then even a write that
/// changes nothing stores the object again. One sees only that the map has an owner. (Tried on kube-apiserver
/// 1.36: where the map is sent again, each apply changes the `resourceVersion`.)
pub(in crate::plan) fn may_hide_a_map(live: &Live) -> bool {
    let version = live.object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    let is_hidden = |path: &FieldPath| {
        let is_owned = |fields: &FieldSet| fields.touches(path);
        path.get(&live.object).is_none() && live.ownership.entries.iter().any(|entry| is_owned(&entry.fields))
    };
    !is_builtin_group(api_version_parts(version).0)
        && ["labels", "annotations"].iter().any(|map| is_hidden(&FieldPath::keys(["metadata", map])))
}

/// Whether exactly these fields are sent, and each of them is there as `same` requires.
fn holds_all<'v>(
    fields: &FieldSet,
    sent: impl Iterator<Item = (&'v String, &'v Value)>,
    live: &Map<String, Value>,
    same: impl Fn(&str, &FieldSet, &Value, &Value) -> bool,
) -> bool {
    let mut count = 0;
    let mut all = sent.inspect(|_| count += 1);
    all.all(|(key, sent)| {
        let owned = fields.children.get(&Segment::Key(key.clone()));
        owned.zip(live.get(key)).is_some_and(|(owned, live)| same(key, owned, sent, live))
    }) && count == fields.children.len()
}

/// What is known of the schema of the object's kind.
#[derive(Debug, Clone, Copy)]
struct Schema {
    is_builtin: bool,
}

impl Schema {
    /// Whether the field is there as it is sent, and we own exactly what is sent of it.
    fn holds(self, name: &str, fields: &FieldSet, sent: &Value, live: &Value) -> bool {
        if fields.children.is_empty() {
            return fields.owned && sent == live && self.is_leaf(name, sent);
        }
        // A map or a list that is not empty is owned key by key, or item by item.
        !fields.owned
            && match (sent, live) {
                (Value::Object(sent), Value::Object(live)) => self.holds_map(fields, sent, live),
                (Value::Array(sent), Value::Array(live)) => list_items::pair(fields, sent, live)
                    .is_some_and(|items| items.iter().all(|item| self.holds_item(item))),
                _ => false,
            }
    }

    fn holds_map(self, fields: &FieldSet, sent: &Map<String, Value>, live: &Map<String, Value>) -> bool {
        holds_all(fields, sent.iter(), live, |key, fields, sent, live| self.holds(key, fields, sent, live))
    }

    fn holds_item(self, item: &Item<'_>) -> bool {
        item.fields.owned
            && match (item.sent, item.live) {
                (Value::Object(sent), Value::Object(live)) => self.holds_map(item.fields, sent, live),
                (sent, live) => item.fields.children.is_empty() && sent == live,
            }
    }

    /// Whether the field is owned as one value when this value is sent. A map that is not empty is owned by its
    /// keys, unless the schema says that it is owned as a whole. Where the schema is not known, another value
    /// (`{}`, `null`) may have been sent last. An empty list is owned only if it is atomic, and `null` is stored as
    /// nothing.
    fn is_leaf(self, name: &str, sent: &Value) -> bool {
        match sent {
            Value::String(_) | Value::Number(_) | Value::Bool(_) => true,
            Value::Object(map) if map.is_empty() => true,
            Value::Object(_) => self.is_builtin && atomic::MAPS.contains(&name),
            Value::Array(_) => self.is_builtin && atomic::LISTS.contains(&name),
            Value::Null => false,
        }
    }
}

#[cfg(test)]
mod tests;
