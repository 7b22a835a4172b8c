//! The field changes of a resource, each with what a reader must know of it.

use serde_json::Value;

use super::adoption::is_note_of_kubectl;
use super::change::{After, Cause, FieldChange};
use super::compare::{Difference, compare, item_keys, name_of, placed};
use super::send::{hidden_in, is_ours_path};
use crate::resource::{Desired, FieldPath, Segment};

/// What stands for a value that the run which applies it makes.
const GENERATED: &str = "generated";

/// What changes between the live object and what it will be, for a reader: marks of ours left out.
pub fn field_changes(desired: &Desired, live: &Value, outcome: &Value) -> Vec<FieldChange> {
    let mut fields = changed(desired, live, outcome);
    fields.retain(|field| !is_ours_path(&field.path));
    fields
}

/// Everything that changes between the live object and what it will be, marks of ours included.
pub(super) fn changed(desired: &Desired, live: &Value, outcome: &Value) -> Vec<FieldChange> {
    let secrecy = Secrecy::new(desired, live);
    compare(live, outcome)
        .into_iter()
        .flat_map(one_by_one)
        .filter(|difference| desired.unchecked.nearest(&by_position(desired, &difference.path)).is_none())
        .map(|difference| {
            let after = difference.after.map_or(After::Absent, After::Value);
            let mut field = field(desired, difference.path, difference.before, after);
            field.sensitive = secrecy.hides(&field.path);
            field
        })
        .collect()
}

/// The annotations each by itself, also where all of them come or go: some are marks of ours.
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

/// Every field of an object that is made; what names it is left out, its address says that already.
pub(super) fn created(desired: &Desired, sent: &Value) -> Vec<FieldChange> {
    let mut found = Vec::new();
    leaves(&FieldPath::root(), sent, &mut found);
    found
        .into_iter()
        .filter(|(path, _)| !path.names_the_object() && !is_ours_path(path))
        .map(|(path, value)| field(desired, path, None, After::Value(value)))
        .collect()
}

/// How many fields of what is sent stay as they are.
pub(super) fn unchanged(sent: &Value, differing: &[FieldChange]) -> usize {
    let stays = |path: &FieldPath| {
        let changes = differing.iter().any(|field| field.path.contains(path) || path.contains(&field.path));
        !changes && !path.names_the_object() && !is_ours_path(path)
    };
    let mut count = 0;
    each_leaf(&FieldPath::root(), sent, &mut |path, _| count += usize::from(stays(path)));
    count
}

/// The path in the form in which the configuration's facts are kept: list items by their position in the
/// desired object, whatever their position in the cluster.
fn by_position(desired: &Desired, path: &FieldPath) -> FieldPath {
    placed(&desired.object, path)
}

/// Every value that holds no other ones, list items named by their keys.
pub(super) fn leaves(path: &FieldPath, value: &Value, found: &mut Vec<(FieldPath, Value)>) {
    each_leaf(path, value, &mut |path, value| found.push((path.clone(), value.clone())));
}

fn each_leaf(path: &FieldPath, value: &Value, take: &mut impl FnMut(&FieldPath, &Value)) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                each_leaf(&path.key(key.as_str()), value, take);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            let keys = item_keys(items, &[]);
            for (index, item) in items.iter().enumerate() {
                let step = keys.map_or(Segment::Index(index), |keys| Segment::Item(name_of(item, keys)));
                each_leaf(&path.join(step), item, take);
            }
        }
        _ => take(path, value),
    }
}

fn field(desired: &Desired, path: FieldPath, before: Option<Value>, after: After) -> FieldChange {
    let place = by_position(desired, &path);
    let unknown = desired.unresolved.get(&place);
    // A value that was put in already is an ordinary one; what is left of an expression is not.
    let after = match (unknown, after) {
        (Some(expression), After::Value(value)) if Some(&value) == place.get(&desired.object) => {
            After::Unknown(expression.to_string())
        }
        // Another run would show another value, and call it another plan.
        (_, After::Value(_)) if !is_secret(desired, &place) && desired.fresh.get(&place).is_some() => {
            After::Unknown(GENERATED.to_owned())
        }
        (_, after) => after,
    };
    FieldChange {
        sensitive: is_secret(desired, &place),
        origin: desired.origin(&place).cloned(),
        forces_replacement: false,
        cause: Cause::Yours,
        keep: None,
        path,
        before,
        after,
    }
}

/// Which fields of a live object nobody may see: those that the configuration hides, those that an earlier
/// one said to be hidden, and what Secrets hold.
#[derive(Debug)]
pub(super) struct Secrecy<'a> {
    desired: &'a Desired,
    earlier: Vec<FieldPath>,
    /// Whether there is nothing to hide, which most objects can say.
    is_open: bool,
}

impl<'a> Secrecy<'a> {
    pub(super) fn new(desired: &'a Desired, live: &Value) -> Self {
        let earlier = hidden_in(live);
        let is_open =
            earlier.is_empty() && desired.sensitive.is_empty() && !desired.identity.is("", "Secret");
        Self { desired, earlier, is_open }
    }

    pub(super) fn hides(&self, path: &FieldPath) -> bool {
        if self.is_open {
            return false;
        }
        is_secret(self.desired, &by_position(self.desired, path))
            || self.earlier.iter().any(|hidden| hidden.contains(path) || path.contains(hidden))
    }
}

/// Whether nobody may see the field: the configuration says so, or it is a Secret's content, be it in the note
/// that `kubectl apply` leaves of it.
fn is_secret(desired: &Desired, path: &FieldPath) -> bool {
    let content = ["data", "stringData"].iter().any(|key| path.is_below_keys(&[key]));
    let content = content || is_note_of_kubectl(path);
    desired.is_sensitive(path)
        || (desired.identity.is("", "Secret") && content)
        || beside_secrets(desired, path)
}

/// Whether it lies in a list item that the configuration has not (any more), in a list that holds secrets:
/// it may be one that was renamed or has just been taken out.
fn beside_secrets(desired: &Desired, path: &FieldPath) -> bool {
    let segments = path.segments();
    let Some(stranger) = segments.iter().position(|segment| matches!(segment, Segment::Item(_))) else {
        return false;
    };
    let list = segments.iter().take(stranger).cloned().fold(FieldPath::root(), |list, step| list.join(step));
    desired.sensitive.iter().any(|(secret, ())| list.contains(secret))
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
        assert_eq!(after, [After::Value(json!("x")), After::Unknown(GENERATED.to_owned())]);
        let live = json!({"data": {"sum": "11aa", "open": "x"}});
        let changes = field_changes(&desired, &live, &json!({"data": {"sum": "4f2e", "open": "x"}}));
        assert_eq!(changes[0].after, After::Unknown(GENERATED.to_owned()));
    }
}
