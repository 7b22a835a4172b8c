//! The field changes of a resource, each with what a reader must know of it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::kubernetes::definition_schemas::apart;
use crate::kubernetes::list_items::{item_keys, name_of};
use crate::kubernetes::marks::is_ours_path;
use crate::plan::diff::changed_users::changed_users;
use crate::plan::diff::compare::{Difference, compare};
use crate::plan::diff::sensitive_fields::{SensitiveFields, by_position, is_secret};
use crate::plan::model::change::Change;
use crate::plan::model::field_change::{After, FieldChange, UnknownValue};
use crate::resource::{Desired, FieldPath, Identity, Live, Segment};

/// The fields that change between the live object and what it will be, without our marks.
pub fn field_changes(desired: &Desired, live: &Value, outcome: &Value) -> Vec<FieldChange> {
    let mut fields = changed(desired, live, outcome);
    fields.retain(|field| !is_ours_path(&field.path));
    fields
}

/// The fields that change between the live object and what it will be, with our marks.
pub(in crate::plan) fn changed(desired: &Desired, live: &Value, outcome: &Value) -> Vec<FieldChange> {
    let sensitive_fields = SensitiveFields::new(desired, live);
    compare(live, outcome)
        .into_iter()
        .flat_map(one_by_one)
        .flat_map(|difference| schema_apart(&desired.identity, difference))
        .filter(|difference| desired.unchecked.nearest(&by_position(desired, &difference.path)).is_none())
        .map(|difference| {
            let after = difference.after.map_or(After::Absent, After::Value);
            let mut field = field(desired, difference.path, difference.before, after);
            field.sensitive = sensitive_fields.hides(&field.path);
            if desired.htpasswd.get(&field.path).is_some() {
                field.users = changed_users(field.before.as_ref(), &field.after);
            }
            field
        })
        .collect()
}

/// Each annotation by itself, also where the whole map comes or goes: some of them are our marks.
fn one_by_one(difference: Difference) -> Vec<Difference> {
    let is_annotations = difference.path.is_keys(&["metadata", "annotations"]);
    let map = difference.before.as_ref().xor(difference.after.as_ref()).and_then(Value::as_object);
    let Some(map) = map.filter(|_| is_annotations) else { return vec![difference] };
    let single = |(key, value): (&String, &Value)| {
        let path = difference.path.key(key.as_str());
        let before = difference.before.is_some().then(|| value.clone());
        let after = difference.after.is_some().then(|| value.clone());
        Difference { path, before, after }
    };
    map.iter().map(single).collect()
}

/// The schema of a version by itself, where the whole version comes or goes: it is told in short.
fn schema_apart(identity: &Identity, difference: Difference) -> Vec<Difference> {
    let Difference { path, before, after } = &difference;
    let parts = |value: &Option<Value>| {
        let (rest, schemas) = apart(identity, path, value.as_ref()?)?;
        Some(std::iter::once((path.clone(), rest)).chain(schemas))
    };
    match (parts(before), parts(after)) {
        (Some(parts), None) if after.is_none() => {
            parts.map(|(path, value)| Difference { path, before: Some(value), after: None }).collect()
        }
        (None, Some(parts)) if before.is_none() => {
            parts.map(|(path, value)| Difference { path, before: None, after: Some(value) }).collect()
        }
        _ => vec![difference],
    }
}

/// Every field of an object that is created; what names it is left out, since its address says that already.
pub(in crate::plan) fn created(desired: &Desired, sent: &Value) -> Vec<FieldChange> {
    leaves(sent)
        .into_iter()
        .filter(|(path, _)| !path.names_the_object() && !is_ours_path(path))
        .map(|(path, value)| field(desired, path, None, After::Value(value.clone())))
        .collect()
}

/// How many of the sent fields stay as they are.
pub(in crate::plan) fn unchanged(sent: &Value, differing: &[FieldChange]) -> usize {
    let stays = |path: &FieldPath| {
        let changes = differing.iter().any(|field| field.path.contains(path) || path.contains(&field.path));
        !changes && !path.names_the_object() && !is_ours_path(path)
    };
    let mut count = 0;
    each_leaf(&mut FieldPath::root(), sent, &mut |path, _| count += usize::from(stays(path)));
    count
}

/// Every value that holds no other ones, list items named by their keys.
pub fn leaves(object: &Value) -> Vec<(FieldPath, &Value)> {
    let mut found = Vec::new();
    each_leaf(&mut FieldPath::root(), object, &mut |path, value| found.push((path.clone(), value)));
    found
}

fn each_leaf<'v>(path: &mut FieldPath, value: &'v Value, take: &mut impl FnMut(&FieldPath, &'v Value)) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                path.within(Segment::Key(key.clone()), |path| each_leaf(path, value, take));
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            let keys = item_keys(items, &[]);
            for (index, item) in items.iter().enumerate() {
                let step = keys.map_or(Segment::Index(index), |keys| Segment::Item(name_of(item, keys)));
                path.within(step, |path| each_leaf(path, item, take));
            }
        }
        _ => take(path, value),
    }
}

fn field(desired: &Desired, path: FieldPath, before: Option<Value>, after: After) -> FieldChange {
    let place = by_position(desired, &path);
    let unknown = desired.unresolved.get(&place);
    // Where the value of the expression is known, it was put in already.
    let after = match (unknown, after) {
        (Some(expression), After::Value(value)) if Some(&value) == place.get(&desired.object) => {
            After::Unknown(UnknownValue::Expression(expression.to_string()))
        }
        // The next run would generate another value, and that would be another plan.
        (_, After::Value(_)) if !is_secret(desired, &place) && desired.fresh.get(&place).is_some() => {
            After::Unknown(UnknownValue::Generated)
        }
        (_, after) => after,
    };
    FieldChange {
        sensitive: is_secret(desired, &place),
        origin: desired.origin(&place).cloned(),
        ..FieldChange::new(path, before, after)
    }
}

/// The fields that a change sends or takes away and that hold something else now than when it was planned.
pub fn moved_fields(change: &Change, live: &Live) -> Vec<FieldPath> {
    let (Some(sent), Some(prior)) = (&change.send, &change.prior) else { return Vec::new() };
    let changed = change.fields.iter().map(|field| field.path.clone());
    let paths: BTreeSet<FieldPath> = leaves(sent).into_iter().map(|(path, _)| path).chain(changed).collect();
    paths.into_iter().filter(|path| path.get(&prior.object) != path.get(&live.object)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Address;
    use serde_json::json;

    #[test]
    fn a_value_that_the_next_run_makes_anew_is_known_after_apply() {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "a"},
                            "data": {"sum": "4f2e", "open": "x"}});
        let mut desired = Desired::new(Address::block("resource", "c"), object.clone()).unwrap();
        desired.fresh.insert(FieldPath::keys(["data", "sum"]), ());
        let after: Vec<_> = created(&desired, &object).into_iter().map(|field| field.after).collect();
        assert_eq!(after, [After::Value(json!("x")), After::Unknown(UnknownValue::Generated)]);
        let live = json!({"data": {"sum": "11aa", "open": "x"}});
        let changes = field_changes(&desired, &live, &json!({"data": {"sum": "4f2e", "open": "x"}}));
        assert_eq!(changes[0].after, After::Unknown(UnknownValue::Generated));
    }
}
