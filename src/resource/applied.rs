//! What is remembered of an apply: enough to prove later that nothing has changed, and to say what has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{FieldPath, FieldSet, Live};

/// What the last apply sent, and what the server made of it.
///
/// No secret value, and nothing that was computed from one, is in it: that a hidden field is as it was
/// shows by our still owning it, since whoever changes a value takes the field from us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applied {
    /// The `resourceVersion` of the server's answer.
    pub resource_version: String,
    /// SHA-256 of the object that was sent, hidden fields left out.
    pub sent: String,
    /// What the server's answer held under each field that we owned then, by path.
    pub fields: BTreeMap<String, Held>,
}

/// What an owned field held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// This value.
    Value(Value),
    /// A map or a list item whose own fields are listed beside it.
    Parent,
    /// Nothing: the server owns up to a field that it does not store (an env value `""`).
    Nothing,
    /// A value that nobody may see.
    Hidden,
}

/// What the fields of an object hold that a manager owns by server-side apply. Of a field that is hidden,
/// nothing but that it is there gets out of here.
pub fn held(live: &Live, manager: &str, hides: impl Fn(&FieldPath) -> bool) -> Vec<(FieldPath, Held)> {
    let mut found = Vec::new();
    all_held(live, manager, hides, |path, held| {
        found.push((path.clone(), held));
        true
    });
    found
}

/// What these fields of an object hold, whoever owns them: for an object of a house that keeps no field owners. Of
/// a field that is hidden, nothing but that it is there gets out of here.
pub fn held_at(
    paths: impl IntoIterator<Item = FieldPath>,
    object: &Value,
    hides: impl Fn(&FieldPath) -> bool,
) -> impl Iterator<Item = (FieldPath, Held)> {
    paths.into_iter().map(move |path| {
        let held = match path.get(object) {
            None => Held::Nothing,
            Some(_) if hides(&path) => Held::Hidden,
            Some(value) => Held::Value(value.clone()),
        };
        (path, held)
    })
}

/// Whether all of what these fields hold is as `is_right` wants it; they are shown until one is not.
pub fn all_held(
    live: &Live,
    manager: &str,
    hides: impl Fn(&FieldPath) -> bool,
    mut is_right: impl FnMut(&FieldPath, Held) -> bool,
) -> bool {
    let nothing = FieldSet::default();
    let fields = live.ownership.applied_by(manager).unwrap_or(&nothing);
    fields.each_owned(&mut FieldPath::root(), &mut |path, is_parent| {
        let held = match path.get(&live.object) {
            None => Held::Nothing,
            Some(_) if is_parent => Held::Parent,
            Some(_) if hides(path) => Held::Hidden,
            Some(value) => Held::Value(value.clone()),
        };
        is_right(path, held)
    })
}
