//! Compares the record of the last apply with the object as it is now, field by field.

use std::collections::BTreeMap;

use serde_json::Value;

use super::additions::{Beside, beside};
use super::recorded_secrets::RecordedSecrets;
use super::{DriftKind, Field};
use crate::kubernetes::field_manager;
use crate::resource::{self, Applied, FieldPath, Held, Identity, Live, PathError, is_house_group};

/// Every field that we own, or owned at the last apply, and that differs from the record, sorted by path; and what
/// others have beside them.
///
/// # Errors
/// A path in the record is not valid: the state was damaged, or edited by hand.
pub(super) fn differences(
    project: &str,
    identity: &Identity,
    applied: &Applied,
    live: &Live,
) -> Result<(Vec<Field>, Beside), PathError> {
    let then: BTreeMap<FieldPath, &Held> =
        applied.fields.iter().map(|(path, held)| Ok((path.parse()?, held))).collect::<Result<_, _>>()?;
    let recorded_secrets = RecordedSecrets::new(identity, &then, live);
    let hides = |path: &FieldPath| recorded_secrets.hides(path);
    let now: BTreeMap<FieldPath, Held> = if is_house_group(&identity.group) {
        // Objects of other houses have no field managers: every applied field counts as ours.
        resource::held_at(then.keys().cloned(), &live.object, hides).collect()
    } else {
        resource::held(live, &field_manager(project), hides).into_iter().collect()
    };
    let comparison = Comparison { then: &then, now, recorded_secrets: &recorded_secrets, live };
    Ok((comparison.run(), beside(project, applied, live, &recorded_secrets)))
}

struct Comparison<'a> {
    then: &'a BTreeMap<FieldPath, &'a Held>,
    /// The fields that we own now, with their values.
    now: BTreeMap<FieldPath, Held>,
    recorded_secrets: &'a RecordedSecrets<'a>,
    live: &'a Live,
}

impl Comparison<'_> {
    fn run(&self) -> Vec<Field> {
        let mut found: Vec<Field> = Vec::new();
        // Parents come before the fields below them.
        for (path, held) in self.then {
            let goes_with_its_parent =
                found.iter().any(|field| field.event == DriftKind::Removed && field.path.contains(path));
            if !goes_with_its_parent {
                found.extend(self.field(path, held));
            }
        }
        let added = self.now.iter().filter(|(path, _)| !self.then.contains_key(*path));
        let added = added.filter(|(_, held)| !matches!(held, Held::Parent | Held::Nothing));
        found.extend(added.map(|(path, _)| self.report(path, DriftKind::Added, None)));
        // Where a field below a released parent is reported, the parent is left out: the field says more.
        let taken: Vec<FieldPath> = found.iter().map(|field| field.path.clone()).collect();
        found.retain(|field| {
            let is_parent = self.then.get(&field.path).is_some_and(|held| **held == Held::Parent);
            let says_more = |path: &FieldPath| *path != field.path && field.path.contains(path);
            !(is_parent && field.event == DriftKind::Released && taken.iter().any(says_more))
        });
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }

    /// The difference of one field of the record; `None` where there is none.
    fn field(&self, path: &FieldPath, held: &Held) -> Option<Field> {
        let is_ours = self.now.contains_key(path);
        let event = match (held, path.get(&self.live.object)) {
            (Held::Nothing, None) | (Held::Parent | Held::Hidden, Some(_)) if is_ours => return None,
            (Held::Value(then), Some(now)) if is_ours && is_as_it_was(then, now) => return None,
            (Held::Nothing, None) | (Held::Parent, Some(_)) => DriftKind::Released,
            (Held::Value(then), Some(now)) if then == now => DriftKind::Released,
            (_, None) => DriftKind::Removed,
            (_, Some(_)) => DriftKind::Changed,
        };
        let before = if let Held::Value(then) = held { Some(then) } else { None };
        Some(self.report(path, event, before))
    }

    fn report(&self, path: &FieldPath, event: DriftKind, before: Option<&Value>) -> Field {
        let sensitive = self.recorded_secrets.hides(path);
        let visible = |value: &Value| (!sensitive).then(|| value.clone());
        let after = path.get(&self.live.object).filter(|_| event != DriftKind::Released);
        // The server does not record who removed a field.
        let by = if event == DriftKind::Removed { Vec::new() } else { self.live.ownership.owners_of(path) };
        Field {
            path: path.clone(),
            event,
            sensitive,
            before: before.and_then(visible),
            after: after.and_then(visible),
            by,
        }
    }
}

/// Whether a field that is still ours has its old value. A map or a list that we applied empty may have
/// entries of others by now: they own these entries, and not the map or the list.
fn is_as_it_was(then: &Value, now: &Value) -> bool {
    match (then, now) {
        (Value::Object(then), Value::Object(_)) if then.is_empty() => true,
        (Value::Array(then), Value::Array(_)) if then.is_empty() => true,
        _ => then == now,
    }
}
