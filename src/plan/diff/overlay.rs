//! What an object probably is after a write, where the server cannot be asked.

use serde_json::{Map, Value};

use crate::kubernetes::list_items::{item_keys, name_of};
use crate::resource::{FieldPath, FieldSet, Live, Segment};

/// The live object with the sent fields, and without the fields that only this manager owns and does not send any
/// more.
///
/// Defaults and webhooks of the server are not in it: that is why such a plan says *predicted*.
pub(in crate::plan) fn outcome(manager: &str, live: &Live, sent: &Value) -> Value {
    let mut object = overlay(&live.object, sent);
    for path in dropped(manager, live, sent) {
        path.remove(&mut object);
    }
    object
}

/// The fields that only this manager owns and does not send any more.
fn dropped(manager: &str, live: &Live, sent: &Value) -> Vec<FieldPath> {
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
    let owned = ours.fields.owned_paths().into_iter();
    owned
        .filter(|(path, is_parent)| !stays_for_others(path, *is_parent) && path.get(sent).is_none())
        .filter(|(path, _)| !others.iter().any(|theirs| theirs.touches(path)))
        .map(|(path, _)| path)
        .collect()
}

/// The live object with the sent fields: maps key by key, lists with keys item by item, all other lists as a
/// whole; `null` removes a field.
pub(in crate::plan) fn overlay(live: &Value, sent: &Value) -> Value {
    match (live, sent) {
        (Value::Object(live), Value::Object(sent)) => Value::Object(overlay_map(live, sent)),
        (Value::Array(live), Value::Array(sent)) => overlay_list(live, sent),
        _ => sent.clone(),
    }
}

fn overlay_map(live: &Map<String, Value>, sent: &Map<String, Value>) -> Map<String, Value> {
    let mut result = live.clone();
    for (key, value) in sent {
        if value.is_null() {
            result.remove(key);
            continue;
        }
        let merged = live.get(key).map_or_else(|| value.clone(), |old| overlay(old, value));
        result.insert(key.clone(), merged);
    }
    result
}

fn overlay_list(live: &[Value], sent: &[Value]) -> Value {
    let Some(keys) = item_keys(live, sent) else { return Value::Array(sent.to_vec()) };
    let mut result = live.to_vec();
    for item in sent {
        let name = name_of(item, keys);
        match result.iter_mut().find(|old| name_of(old, keys) == name) {
            Some(old) => *old = overlay(old, item),
            None => result.push(item.clone()),
        }
    }
    Value::Array(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::{PROJECT_NAME, entry, owned};
    use crate::resource::Operation;
    use serde_json::json;

    #[test]
    fn what_we_alone_owned_and_send_no_longer_goes() {
        let object = json!({"apiVersion": "v1", "kind": "X", "spec": {
            "kept": 1, "ours": 1, "shared": 1, "theirs": 1,
            "list": [{"name": "a", "v": 1}, {"name": "b", "v": 1}, {"name": "c", "v": 1}]}});
        let paths = [
            "spec.kept",
            "spec.ours",
            "spec.shared",
            "spec.list[a]",
            "spec.list[a].v",
            "spec.list[b]",
            "spec.list[b].v",
            "spec.list[c]",
            "spec.list[c].v",
        ];
        let mut live = owned(object, &paths);
        let theirs = ["spec.shared", "spec.theirs", "spec.list[c].v"];
        live.ownership.entries.push(entry("other", Operation::Update, &theirs));
        let sent = json!({"spec": {"kept": 2, "list": [{"name": "a", "v": 1}]}});
        assert_eq!(
            outcome(&crate::kubernetes::field_manager(PROJECT_NAME), &live, &sent)["spec"],
            json!({"kept": 2, "shared": 1, "theirs": 1, "list": [{"name": "a", "v": 1}, {"name": "c", "v": 1}]})
        );
    }

    #[test]
    fn sent_fields_are_laid_over_the_live_ones() {
        let live = json!({"a": 1, "b": {"x": 1, "y": 2}, "c": [{"name": "p", "v": 1, "w": 2}], "d": [1, 2]});
        let sent = json!({"b": {"x": 3, "y": null}, "c": [{"name": "p", "v": 5}, {"name": "q"}], "d": [3]});
        assert_eq!(
            overlay(&live, &sent),
            json!({"a": 1, "b": {"x": 3}, "c": [{"name": "p", "v": 5, "w": 2}, {"name": "q"}], "d": [3]})
        );
    }
}
