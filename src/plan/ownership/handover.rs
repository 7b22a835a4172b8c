//! Fields under `ignore_changes`: made with what holds them, and from then on left to others.
//!
//! A sole owner that leaves a field out of what it applies resets it. So a field that is ours is released
//! first, by which it keeps its value and has no owner, and only then left out.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::kubernetes::marks::is_ours_path;
use crate::plan::diff::compare::keyed;
use crate::plan::diff::sensitive_fields::SensitiveFields;
use crate::plan::model::reason::Reason;
use crate::resource::{Desired, FieldPath, FieldSet, Live, Operation, Problem, ProblemKind, Segment};

/// The longest text, in bytes, that is told as a value that stays.
const LONGEST_SHOWN: usize = 60;

/// How we let go of the fields of one object that are left to others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldRelease {
    /// Sent once, because the object, or the list item that holds them, is only made now; released afterwards.
    pub once_made: Vec<FieldPath>,
    /// Ours alone: released before we apply without them.
    pub released: Vec<FieldPath>,
    /// Ours and others', named beside them: left out, which changes nothing.
    pub shared: Vec<(FieldPath, Vec<String>)>,
}

impl FieldRelease {
    /// Whether there is nothing to let go of.
    pub(in crate::plan) fn is_empty(&self) -> bool {
        self.once_made.is_empty() && !self.gives_up()
    }

    /// Whether we own any of them now.
    pub(in crate::plan) fn gives_up(&self) -> bool {
        !self.released.is_empty() || !self.shared.is_empty()
    }
}

/// How we let go of what the configuration leaves to others; `live` is `None` for an object that is made, be
/// it anew.
///
/// # Errors
/// Where a field lies within a value that the server keeps as one.
pub fn field_release(manager: &str, desired: &Desired, live: Option<&Live>) -> Result<FieldRelease, Problem> {
    let mut found = FieldRelease::default();
    let ours = live.and_then(|live| live.ownership.applied_by(manager));
    for path in ignored(desired, live) {
        if let Some((live, ours)) = live.zip(ours) {
            refuse_part_of_a_value(&path, ours, live)?;
        }
        if is_made_now(&path, live) {
            if path.get(&desired.object).is_some() {
                found.once_made.push(path);
            }
            continue;
        }
        let Some((live, ours)) = live.zip(ours).filter(|(_, ours)| ours.touches(&path)) else { continue };
        let others = sharers(&path, manager, ours, live);
        if others.is_empty() { found.released.push(path) } else { found.shared.push((path, others)) }
    }
    Ok(found)
}

/// The fields that are left to others, list items by their keys. Our marks are ours whatever a rule says: one
/// that has them below it stands for everything beside them.
fn ignored(desired: &Desired, live: Option<&Live>) -> Vec<FieldPath> {
    let rules = desired.lifecycle.ignore_changes.iter().map(|rule| keyed(&desired.object, &rule.path));
    let objects: Vec<&Value> =
        [Some(&desired.object), live.map(|live| &live.object)].into_iter().flatten().collect();
    let mut found: Vec<FieldPath> = Vec::new();
    for path in rules.flat_map(|path| beside_marks(path, &objects)) {
        if !found.contains(&path) {
            found.push(path);
        }
    }
    found
}

fn beside_marks(path: FieldPath, objects: &[&Value]) -> Vec<FieldPath> {
    if is_ours_path(&path) {
        return Vec::new();
    }
    if !path.contains(&FieldPath::keys(["metadata", "annotations"])) {
        return vec![path];
    }
    let maps = objects.iter().filter_map(|object| path.get(object)?.as_object());
    let keys: BTreeSet<&String> = maps.flat_map(serde_json::Map::keys).collect();
    keys.into_iter().flat_map(|key| beside_marks(path.key(key.as_str()), objects)).collect()
}

/// Takes out of what is sent what is left to others, but for what is only made now.
pub(in crate::plan) fn leave_out(object: &mut Value, desired: &Desired, live: Option<&Live>) {
    for path in ignored(desired, live).iter().filter(|path| !is_made_now(path, live)) {
        take_out(object, path);
    }
}

/// Takes a field out, and the maps that are empty without it: an empty one would be owned as well.
fn take_out(object: &mut Value, path: &FieldPath) {
    path.remove(object);
    let mut around = path.parent();
    while let Some(map) = around.filter(|map| {
        !map.segments().is_empty() && map.get(object).and_then(Value::as_object).is_some_and(Map::is_empty)
    }) {
        map.remove(object);
        around = map.parent();
    }
}

/// Gives an object that is made anew the values that others have left in it.
pub(in crate::plan) fn carry_over(object: &mut Value, desired: &Desired, live: &Live) {
    for path in ignored(desired, None) {
        if let Some(value) = path.get(&live.object) {
            path.set(object, value.clone());
        }
    }
}

/// What is asked the server about: what we shall apply, with the live values of what is released before. It
/// comes to the same, since a released field keeps its value.
pub fn as_tried(manager: &str, desired: &Desired, live: &Live, sent: &Value) -> Value {
    let mut tried = sent.clone();
    for path in field_release(manager, desired, Some(live)).unwrap_or_default().released {
        if let Some(value) = path.get(&live.object) {
            path.set(&mut tried, value.clone());
        }
    }
    tried
}

/// What was sent, without what was released after it: what the next plan will send.
pub fn once_settled(sent: Value, field_release: &FieldRelease) -> Value {
    let mut settled = sent;
    for path in &field_release.once_made {
        take_out(&mut settled, path);
    }
    settled
}

/// Whether the object, or the list item that holds the field, is not there yet.
fn is_made_now(path: &FieldPath, live: Option<&Live>) -> bool {
    let Some(live) = live else { return true };
    let mut at = FieldPath::root();
    let holders = path.parent().unwrap_or_default().segments().to_vec().into_iter().map(|segment| {
        let is_item = !matches!(segment, Segment::Key(_));
        at = at.join(segment);
        (at.clone(), is_item)
    });
    holders.filter(|(_, is_item)| *is_item).any(|(holder, _)| holder.get(&live.object).is_none())
}

/// The server keeps no owner of a part of such a value, so no part of it can be left to others.
pub(in crate::plan) fn refuse_part_of_a_value(
    path: &FieldPath,
    ours: &FieldSet,
    live: &Live,
) -> Result<(), Problem> {
    let Some(whole) = ours.leaf_above(path) else { return Ok(()) };
    let has_parts = match whole.get(&live.object) {
        Some(Value::Object(map)) => !map.is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        _ => false,
    };
    if !has_parts {
        return Ok(());
    }
    let message = format!("`{path}` cannot be ignored: the server keeps `{whole}` as one value");
    Err(Problem::new(ProblemKind::Rejected, message)
        .help(format!("ignore `{whole}` as a whole, or take the line out of `ignore_changes`")))
}

/// The same for an object that is only made now, by the server's answer to the try.
pub(in crate::plan) fn refuse_parts(manager: &str, desired: &Desired, answer: &Live) -> Result<(), Problem> {
    let Some(ours) = answer.ownership.applied_by(manager) else { return Ok(()) };
    ignored(desired, None).iter().try_for_each(|path| refuse_part_of_a_value(path, ours, answer))
}

/// Who else owns the field; nobody where any part of it is ours alone.
fn sharers(path: &FieldPath, manager: &str, ours: &FieldSet, live: &Live) -> Vec<String> {
    let others = live.ownership.entries.iter().filter(|entry| {
        entry.manager != manager || entry.operation != Operation::Apply || entry.subresource.is_some()
    });
    let others: Vec<_> = others.filter(|entry| entry.fields.touches(path)).collect();
    let is_below = |owned: &FieldPath| {
        let steps = owned.segments().iter().zip(path.segments());
        owned.segments().len() >= path.segments().len() && { steps }
            .all(|(step, named)| step.is_called(named))
    };
    let parts = ours.owned_paths().into_iter().filter(|(owned, _)| is_below(owned));
    if !{ parts }.all(|(part, _)| others.iter().any(|entry| entry.fields.touches(&part))) {
        return Vec::new();
    }
    let mut names: Vec<String> = others.iter().map(|entry| entry.manager.clone()).collect();
    names.sort();
    names.dedup();
    names
}

/// Why the object changes because of it; nothing where nothing is given up.
pub(in crate::plan) fn reasons(
    field_release: &FieldRelease,
    desired: &Desired,
    live: Option<&Live>,
) -> Vec<Reason> {
    let FieldRelease { once_made, released, shared } = field_release;
    let set = once_made.iter().map(|field| Reason::IgnoredFieldSet { field: field.clone() });
    let released = released.iter().map(|field| Reason::IgnoredFieldReleased {
        field: field.clone(),
        value: live.and_then(|live| open_scalar(desired, live, field)),
    });
    let left = shared.iter().map(|(field, managers)| Reason::IgnoredFieldLeft {
        field: field.clone(),
        managers: managers.clone(),
    });
    set.chain(released).chain(left).collect()
}

/// The value, where it is short and everybody may see it.
fn open_scalar(desired: &Desired, live: &Live, path: &FieldPath) -> Option<Value> {
    if SensitiveFields::new(desired, &live.object).hides(path) {
        return None;
    }
    match path.get(&live.object)? {
        Value::Object(_) | Value::Array(_) | Value::Null => None,
        Value::String(text) if text.contains('\n') || text.len() > LONGEST_SHOWN => None,
        scalar => Some(scalar.clone()),
    }
}

#[cfg(test)]
mod tests;
