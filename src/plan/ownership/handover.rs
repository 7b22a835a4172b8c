//! Fields under `ignore_changes`: they are set when their object or list item is made, and left to others from
//! then on.
//!
//! Where the only owner of a field leaves it out of an apply, the server resets the field. So a field that we own
//! is released first (it keeps its value and has no owner), and left out after that.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::kubernetes::marks::is_ours_path;
use crate::plan::diff::compare::keyed;
use crate::plan::diff::sensitive_fields::SensitiveFields;
use crate::plan::model::reason::Reason;
use crate::plan::ownership::field_owners::others;
use crate::resource::{Desired, FieldPath, FieldSet, Live, Problem, ProblemKind, Segment, is_house_group};

/// The longest text, in bytes, that is shown as the value that a field keeps.
const LONGEST_SHOWN: usize = 60;

/// How we give up the fields of one object that the configuration leaves to others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldRelease {
    /// Fields that are sent once, because this apply makes the object or the list item that holds them; they are
    /// released afterwards.
    pub once_made: Vec<FieldPath>,
    /// Fields that only we own: they are released before we apply without them.
    pub released: Vec<FieldPath>,
    /// Fields that others own too, with these managers: they are left out, which changes no value.
    pub shared: Vec<(FieldPath, Vec<String>)>,
}

impl FieldRelease {
    /// Whether there is nothing to give up.
    pub(in crate::plan) fn is_empty(&self) -> bool {
        self.once_made.is_empty() && !self.gives_up()
    }

    /// Whether we own some of the fields now.
    pub(in crate::plan) fn gives_up(&self) -> bool {
        !self.released.is_empty() || !self.shared.is_empty()
    }
}

/// How we give up what the configuration leaves to others; `live` is `None` for an object that is made, also
/// where it is made anew.
///
/// # Errors
/// A field that is a part of a value which the server keeps as one.
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

/// The fields that are left to others, list items by their keys. Our marks stay ours: a rule for a field that
/// holds them means everything else in that field.
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
    let keys: BTreeSet<&String> = maps.flat_map(Map::keys).collect();
    keys.into_iter().flat_map(|key| beside_marks(path.key(key.as_str()), objects)).collect()
}

/// Removes from the object that is sent what is left to others, unless this apply makes what holds it. A house that
/// keeps no field owners takes the object as a whole, so there it is sent as it is.
pub(in crate::plan) fn leave_out(object: &mut Value, desired: &Desired, live: Option<&Live>) {
    let is_taken_whole = is_house_group(&desired.identity.group);
    for path in ignored(desired, live).iter().filter(|path| !is_made_now(path, live)) {
        match live.and_then(|live| path.get(&live.object)).filter(|_| is_taken_whole) {
            Some(value) => {
                path.set(object, value.clone());
            }
            None => remove(object, path),
        }
    }
}

/// Removes a field, and the maps that are empty without it: we would own an empty map as well.
fn remove(object: &mut Value, path: &FieldPath) {
    path.remove(object);
    let mut holder = path.parent();
    while let Some(map) = holder.filter(|map| {
        !map.segments().is_empty() && map.get(object).and_then(Value::as_object).is_some_and(Map::is_empty)
    }) {
        map.remove(object);
        holder = map.parent();
    }
}

/// Gives an object that is made anew the values that others have set in the old one.
pub(in crate::plan) fn carry_over(object: &mut Value, desired: &Desired, live: &Live) {
    for path in ignored(desired, None) {
        if let Some(value) = path.get(&live.object) {
            path.set(object, value.clone());
        }
    }
}

/// The object for the dry-run: what will be applied, with the live values of the fields that are released before.
/// The result is the same, since a released field keeps its value.
pub fn dry_run_object(manager: &str, desired: &Desired, live: &Live, sent: &Value) -> Value {
    let mut tried = sent.clone();
    for path in field_release(manager, desired, Some(live)).unwrap_or_default().released {
        if let Some(value) = path.get(&live.object) {
            path.set(&mut tried, value.clone());
        }
    }
    tried
}

/// What was sent, without the fields that were released afterwards: this is what the next plan will send.
pub fn sent_after_release(sent: Value, field_release: &FieldRelease) -> Value {
    let mut settled = sent;
    for path in &field_release.once_made {
        remove(&mut settled, path);
    }
    settled
}

/// Whether the object, or a list item that holds the field, is not there yet.
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

/// Refuses a field that is a part of a value which we own as one: the server keeps no owner of a part, so no
/// part can be left to others.
fn refuse_part_of_a_value(path: &FieldPath, ours: &FieldSet, live: &Live) -> Result<(), Problem> {
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

/// The same for an object that is not there yet, by the server's answer to the dry-run.
pub(in crate::plan) fn refuse_parts(manager: &str, desired: &Desired, answer: &Live) -> Result<(), Problem> {
    let Some(ours) = answer.ownership.applied_by(manager) else { return Ok(()) };
    ignored(desired, None).iter().try_for_each(|path| refuse_part_of_a_value(path, ours, answer))
}

/// The other owners of the field; none where we are the only owner of some part of it.
fn sharers(path: &FieldPath, manager: &str, ours: &FieldSet, live: &Live) -> Vec<String> {
    let others: Vec<_> = others(manager, live).filter(|entry| entry.fields.touches(path)).collect();
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

/// What the plan says of it; nothing where nothing is given up.
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

/// The value, where it is a short one and everybody may see it.
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
