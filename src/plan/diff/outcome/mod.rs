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
use crate::kubernetes::defaults::is_kept_in_service;
use crate::kubernetes::openapi::{FieldSchema, ObjectSchema, with_list_keys};
use crate::resource::{
    Applied, FieldPath, FieldSet, Identity, Live, Ownership, Segment, api_version_parts, is_builtin_group,
};

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
/// says *predicted*. Of the owners it is known only what we give up.
pub(in crate::plan) fn outcome(basis: Basis<'_>) -> Live {
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
    let was_sent =
        |path: &FieldPath| earlier.as_ref().is_none_or(|earlier| owned::find(earlier, path).is_some());
    let released = released(manager, live, |path| owned::find(&sent, path).is_none() && was_sent(path));
    for path in dropped(manager, live, &released, schema) {
        path.remove(&mut object);
    }
    if let (Some(applied), Some(earlier)) = (applied, &earlier) {
        reverted::revert(&mut object, applied, earlier, &sent);
    }
    Live { object, stamp: live.stamp.clone(), ownership: without(&live.ownership, manager, &released) }
}

/// The fields that this manager owns and gives up, each with whether it only holds others.
fn released(manager: &str, live: &Live, is_given_up: impl Fn(&FieldPath) -> bool) -> Vec<(FieldPath, bool)> {
    let owned = live.ownership.applied_by(manager).map(FieldSet::owned_paths).unwrap_or_default();
    owned.into_iter().filter(|(path, _)| is_given_up(path)).collect()
}

/// The owners without what the manager gives up.
fn without(ownership: &Ownership, manager: &str, released: &[(FieldPath, bool)]) -> Ownership {
    let mut left = ownership.clone();
    let ours = ownership.apply_entry(manager);
    let same = left.entries.iter_mut().find(|entry| ours == Some(&**entry));
    if let Some(entry) = same.filter(|_| !released.is_empty()) {
        let kept = entry.fields.owned_paths().into_iter().map(|(path, _)| path);
        entry.fields = kept.filter(|path| !released.iter().any(|(given_up, _)| given_up == path)).collect();
    }
    left
}

/// Those that nobody else owns, and that the server neither keeps nor fills in again.
fn dropped(
    manager: &str,
    live: &Live,
    released: &[(FieldPath, bool)],
    schema: Option<FieldSchema<'_>>,
) -> Vec<FieldPath> {
    let ours = live.ownership.apply_entry(manager);
    let entries = live.ownership.entries.iter();
    let others: Vec<&FieldSet> =
        entries.filter(|entry| ours != Some(*entry)).map(|entry| &entry.fields).collect();
    let stays_for_others = |path: &FieldPath, is_parent: bool| {
        // A list item is removed with everything in it; a map stays for what others have in it.
        is_parent && !matches!(path.segments().last(), Some(Segment::Item(_)))
    };
    let is_service = Identity::of(&live.object).is_some_and(|identity| identity.is("", "Service"));
    let comes_again = |path: &FieldPath| {
        let default = schema.and_then(|schema| schema.at(path)?.default());
        let is_default = default.is_some() && default == path.get(&live.object);
        is_default || (is_service && is_kept_in_service(path))
    };
    released
        .iter()
        .filter(|(path, is_parent)| !stays_for_others(path, *is_parent) && !comes_again(path))
        .filter(|(path, _)| !others.iter().any(|theirs| theirs.touches(path)))
        .map(|(path, _)| path.clone())
        .collect()
}

#[cfg(test)]
mod tests;
