//! What an object probably is after a write, where the server cannot be asked.
//!
//! The server stores much in another form than it is sent in, and fills in more. None of that is a change. So a
//! prediction starts from the live object, and changes what is sent in another way than the last time. Where no
//! record tells what was sent the last time, both sides are brought into one form.

mod forms;
mod merge;
mod owned;
mod reverted;

pub(in crate::plan) use self::owned::find as find_sent;

use serde_json::Value;

use self::forms::whole_numbers;
use self::merge::Merge;
use self::owned::Owned;
use crate::kubernetes::openapi::{FieldSchema, ObjectSchema, with_list_keys};
use crate::resource::{Applied, FieldPath, FieldSet, Live, Segment, api_version_parts, is_builtin_group};

/// What a prediction is made from.
#[derive(Debug, Clone, Copy)]
pub(in crate::plan) struct Basis<'a> {
    /// The field manager that writes.
    pub(in crate::plan) manager: &'a str,
    /// The object as it is.
    pub(in crate::plan) live: &'a Live,
    /// The object as it is sent.
    pub(in crate::plan) sent: &'a Value,
    /// The record of the last write of this very object.
    pub(in crate::plan) applied: Option<&'a Applied>,
    /// What the server publishes of the kind.
    pub(in crate::plan) schema: Option<&'a ObjectSchema>,
}

/// The live object with the sent fields, and without the fields that only this manager owns and does not send any
/// more.
///
/// Defaults and webhooks of the server are in it only as far as they are in the live object: that is why such a plan
/// says *predicted*.
pub(in crate::plan) fn outcome(basis: Basis<'_>) -> Value {
    let Basis { manager, live, applied, .. } = basis;
    let schema = basis.schema.and_then(ObjectSchema::root);
    let in_one_form = |sent: &Value| with_list_keys(&whole_numbers(sent), schema);
    let sent = in_one_form(basis.sent);
    let earlier = applied.and_then(|applied| applied.sent_object.as_ref()?.object().ok());
    let earlier = earlier.map(|earlier| in_one_form(&earlier));
    let owned = live.ownership.applied_by(manager).map_or(Owned::Unknown, Owned::Fields);
    let version = sent.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    let merge =
        Merge { is_recorded: earlier.is_some(), is_builtin: is_builtin_group(api_version_parts(version).0) };
    let mut object = merge.object(&live.object, &sent, earlier.as_ref(), owned, schema);
    for path in dropped(manager, live, &sent, earlier.as_ref(), schema) {
        path.remove(&mut object);
    }
    if let (Some(applied), Some(earlier)) = (applied, &earlier) {
        reverted::revert(&mut object, applied, earlier, &sent);
    }
    object
}

/// The fields that only this manager owns and does not send any more.
fn dropped(
    manager: &str,
    live: &Live,
    sent: &Value,
    earlier: Option<&Value>,
    schema: Option<FieldSchema<'_>>,
) -> Vec<FieldPath> {
    let Some(ours) = live.ownership.apply_entry(manager) else { return Vec::new() };
    let others: Vec<&FieldSet> = live
        .ownership
        .entries
        .iter()
        .filter(|entry| !std::ptr::eq(*entry, ours))
        .map(|entry| &entry.fields)
        .collect();
    let stays_for_others = |path: &FieldPath, is_parent: bool| {
        // A list item is removed with everything in it; a map stays for what others have in it.
        is_parent && !matches!(path.segments().last(), Some(Segment::Item(_)))
    };
    let was_sent = |path: &FieldPath| earlier.is_none_or(|earlier| owned::find(earlier, path).is_some());
    let comes_again = |path: &FieldPath| {
        let default = schema.and_then(|schema| schema.at(path)?.default());
        default.is_some() && default == path.get(&live.object)
    };
    let owned = ours.fields.owned_paths().into_iter();
    owned
        .filter(|(path, is_parent)| !stays_for_others(path, *is_parent) && owned::find(sent, path).is_none())
        .filter(|(path, _)| was_sent(path) && !comes_again(path))
        .filter(|(path, _)| !others.iter().any(|theirs| theirs.touches(path)))
        .map(|(path, _)| path)
        .collect()
}

#[cfg(test)]
mod tests;
