//! How fields get other owners, in `metadata.managedFields` as the server keeps it.
//!
//! The form is that of `fieldsV1`: maps from `f:KEY`, `k:{…}` (an item by its keys), `v:…` (an item of a
//! set) to what is owned below; `.` stands for the field itself, and a field with nothing below it is owned
//! as a whole. Entries of subresources are others' business and stay as they are.

use serde_json::{Map, Value, json};

use crate::provider::kubernetes::ownership::segment;
use crate::resource::{FieldPath, Segment};

type Fields = Map<String, Value>;

/// Takes these fields, and all below them, out of what the manager has applied. `None` where it has none.
pub(super) fn release(entries: &[Value], manager: &str, fields: &[FieldPath]) -> Option<Vec<Value>> {
    let mut left = entries.to_vec();
    let ours = left.iter_mut().find(|entry| is_applied_by(entry, manager))?;
    let owned = ours.get_mut("fieldsV1")?.as_object_mut()?;
    let mut changed = false;
    for path in fields {
        changed |= cut(owned, path.segments());
    }
    left.retain(has_fields);
    changed.then_some(left)
}

/// Moves what the object sets from these managers to what the other one has applied. `None` where they own
/// nothing of it.
pub(super) fn take_over(
    entries: &[Value],
    from: &[String],
    manager: &str,
    object: &Value,
) -> Option<Vec<Value>> {
    let mut left = entries.to_vec();
    let mut taken = Fields::new();
    let mut model = None;
    let is_theirs = |entry: &&mut Value| {
        is_of_main_resource(entry) && is_by_any(entry, from) && !is_applied_by(entry, manager)
    };
    for entry in left.iter_mut().filter(is_theirs) {
        let Some(owned) = entry.get_mut("fieldsV1").and_then(Value::as_object_mut) else { continue };
        let moved = move_sent(owned, object);
        if !moved.is_empty() {
            merge(&mut taken, moved);
            model.get_or_insert_with(|| entry.clone());
        }
    }
    let mut ours = model?;
    left.retain(has_fields);
    if let Some(existing) = left.iter_mut().find(|entry| is_applied_by(entry, manager)) {
        if let Some(owned) = existing.get_mut("fieldsV1").and_then(Value::as_object_mut) {
            merge(owned, taken);
        }
    } else {
        ours["manager"] = manager.into();
        ours["operation"] = "Apply".into();
        ours["fieldsV1"] = Value::Object(taken);
        left.push(ours);
    }
    Some(left)
}

/// Makes these fields of the object what the manager has applied, and takes them from everybody else. `None` where
/// nothing changes.
pub(super) fn take(
    entries: &[Value],
    manager: &str,
    fields: &[FieldPath],
    object: &Value,
) -> Option<Vec<Value>> {
    let mut left = entries.to_vec();
    let mut taken = Fields::new();
    for path in fields.iter().filter(|path| path.get(object).is_some()) {
        let names = names(&left, path.segments(), object)?;
        let as_owned: Vec<Segment> = names.iter().filter_map(|name| segment(name)).collect();
        for entry in
            left.iter_mut().filter(|entry| is_of_main_resource(entry) && !is_applied_by(entry, manager))
        {
            if let Some(owned) = entry.get_mut("fieldsV1").and_then(Value::as_object_mut) {
                cut(owned, &as_owned);
            }
        }
        merge(&mut taken, nested(&names, path));
    }
    left.retain(has_fields);
    if let Some(existing) = left.iter_mut().find(|entry| is_applied_by(entry, manager)) {
        merge(existing.get_mut("fieldsV1")?.as_object_mut()?, taken);
    } else {
        let version = object.get("apiVersion").cloned().unwrap_or_default();
        left.push(json!({"manager": manager, "operation": "Apply", "apiVersion": version,
                         "fieldsType": "FieldsV1", "fieldsV1": taken}));
    }
    (left != entries).then_some(left)
}

/// The names of the steps of a path in `fieldsV1`. An item has the name under which somebody owns it, whatever the path
/// calls it; an item that nobody owns has none, and a key has always one.
fn names(entries: &[Value], path: &[Segment], object: &Value) -> Option<Vec<String>> {
    let mut at: Vec<&Fields> =
        entries.iter().filter_map(|entry| entry.get("fieldsV1").and_then(Value::as_object)).collect();
    let mut holder = object;
    let mut found = Vec::new();
    for step in path {
        let value = step.step(holder)?;
        let leads_there = |name: &&String| {
            segment(name).and_then(|named| named.step(holder)).is_some_and(|named| std::ptr::eq(named, value))
        };
        let called = |fields: &&Fields| fields.keys().find(leads_there).cloned();
        let name = match (at.iter().find_map(called), step) {
            (Some(name), _) => name,
            (None, Segment::Key(key)) => format!("f:{key}"),
            (None, Segment::Index(_) | Segment::Item(_)) => return None,
        };
        at = at.into_iter().filter_map(|fields| fields.get(&name)?.as_object()).collect();
        holder = value;
        found.push(name);
    }
    Some(found)
}

/// A field that is owned as a whole, by the names of its steps; an item is owned itself (`.`).
fn nested(names: &[String], path: &FieldPath) -> Fields {
    let is_item = matches!(path.segments().last(), Some(Segment::Item(_)));
    let whole = if is_item { json!({".": {}}) } else { json!({}) };
    let nested = names.iter().rev().fold(whole, |below, name| json!({ name.as_str(): below }));
    nested.as_object().cloned().unwrap_or_default()
}

fn is_of_main_resource(entry: &Value) -> bool {
    entry.get("subresource").and_then(Value::as_str).unwrap_or_default().is_empty()
}

fn is_applied_by(entry: &Value, manager: &str) -> bool {
    is_of_main_resource(entry)
        && entry.get("operation") == Some(&json!("Apply"))
        && entry.get("manager").and_then(Value::as_str) == Some(manager)
}

fn is_by_any(entry: &Value, managers: &[String]) -> bool {
    let manager = entry.get("manager").and_then(Value::as_str).unwrap_or_default();
    managers.iter().any(|name| name == manager)
}

fn has_fields(entry: &Value) -> bool {
    entry.get("fieldsV1").and_then(Value::as_object).is_some_and(|fields| !fields.is_empty())
}

/// Removes the field of the path, and every map that is empty without it.
fn cut(owned: &mut Fields, path: &[Segment]) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    let called = |name: &&String| segment(name).is_some_and(|step| step.is_called(first));
    let names: Vec<String> = owned.keys().filter(called).cloned().collect();
    let mut changed = false;
    for name in names {
        if rest.is_empty() {
            changed |= owned.remove(&name).is_some();
        } else if let Some(Value::Object(below)) = owned.get_mut(&name)
            && cut(below, rest)
        {
            changed = true;
            if below.is_empty() {
                owned.remove(&name);
            }
        }
    }
    changed
}

/// Takes out what is owned of the value that is sent, and gives it back as far as it is sent itself.
fn move_sent(owned: &mut Fields, sent: &Value) -> Fields {
    let mut moved = Fields::new();
    let names: Vec<String> = owned.keys().filter(|name| *name != ".").cloned().collect();
    for name in names {
        let Some(value) = sent_under(&name, sent) else { continue };
        let is_item = !name.starts_with("f:");
        let Some(Value::Object(below)) = owned.get_mut(&name) else { continue };
        if below.is_empty() {
            moved.insert(name.clone(), json!({}));
            owned.remove(&name);
            continue;
        }
        let mut inner = move_sent(below, value);
        if is_item && below.contains_key(".") {
            inner.insert(".".to_owned(), json!({}));
        }
        // A map of which nothing is left below need not be owned, and an item is taken as a whole.
        let is_left = below.keys().any(|key| key != ".") && !is_item;
        if !is_left && (is_item || !inner.is_empty()) {
            owned.remove(&name);
        }
        if !inner.is_empty() {
            moved.insert(name, Value::Object(inner));
        }
    }
    moved
}

/// What is sent under a name of `fieldsV1`.
fn sent_under<'v>(name: &str, sent: &'v Value) -> Option<&'v Value> {
    let (form, text) = name.split_once(':')?;
    match form {
        "f" => sent.get(text),
        "v" => {
            let member: Value = serde_json::from_str(text).ok()?;
            sent.as_array()?.iter().find(|item| **item == member)
        }
        "k" => {
            let keys: Fields = serde_json::from_str(text).ok()?;
            // Keys that the server fills in (a port's protocol) are often not sent.
            let fits = |item: &&Value| {
                keys.iter().all(|(key, value)| item.get(key).is_none_or(|sent| sent == value))
                    && keys.iter().any(|(key, value)| item.get(key) == Some(value))
            };
            sent.as_array()?.iter().find(fits)
        }
        _ => None,
    }
}

/// Adds other fields to a set. A field that one of them owns as a whole stays owned itself.
fn merge(into: &mut Fields, other: Fields) {
    for (name, theirs) in other {
        let Value::Object(theirs) = theirs else { continue };
        match into.get_mut(&name) {
            Some(Value::Object(ours)) if ours.is_empty() != theirs.is_empty() => {
                ours.extend(theirs);
                ours.insert(".".to_owned(), json!({}));
            }
            Some(Value::Object(ours)) => merge(ours, theirs),
            _ => {
                into.insert(name, Value::Object(theirs));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "every caller makes its value here")]
    fn entry(manager: &str, operation: &str, fields: Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1",
               "fieldsV1": fields})
    }

    fn paths(texts: &[&str]) -> Vec<FieldPath> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn what_is_released_leaves_our_entry_and_no_other() {
        let containers = |fields: Value| json!({"f:containers": {"k:{\"name\":\"web\"}": fields}});
        let ours = json!({"f:spec": {"f:replicas": {}, "f:template": containers(json!({".": {}, "f:image": {}}))},
                          "f:data": {"f:a": {}}});
        let managed = [
            entry("regplan:p", "Apply", ours),
            entry("kubectl", "Update", json!({"f:spec": {"f:replicas": {}}})),
        ];
        let fields = paths(&["spec.replicas", "spec.template.containers[web].image", "data.a", "data.none"]);
        let left = release(&managed, "regplan:p", &fields).unwrap();
        assert_eq!(left[0]["fieldsV1"], json!({"f:spec": {"f:template": containers(json!({".": {}}))}}));
        assert_eq!(left[1], managed[1]);
        assert_eq!(release(&left, "regplan:p", &fields), None, "there is nothing more to release");
        assert_eq!(release(&managed, "regplan:q", &fields), None);
    }

    #[test]
    fn what_is_sent_changes_hands_and_the_rest_stays_theirs() {
        let theirs = json!({
            "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
            "f:spec": {"f:progressDeadlineSeconds": {}, "f:replicas": {}, "f:containers": {
                "k:{\"name\":\"web\"}": {".": {}, "f:image": {}, "f:imagePullPolicy": {}, "f:ports": {
                    ".": {}, "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}},
                "k:{\"name\":\"side\"}": {".": {}, "f:image": {}}}}});
        let object = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"replicas": 2, "containers": [
            {"name": "web", "image": "x", "ports": [{"containerPort": 80}]}]}});
        let scale = json!({"manager": "kubectl", "operation": "Update", "subresource": "scale",
                           "fieldsV1": {"f:spec": {"f:replicas": {}}}});
        let managed = [entry("kubectl", "Update", theirs), scale.clone()];
        let left = take_over(&managed, &["kubectl".into()], "regplan:p", &object).unwrap();
        assert_eq!(
            left[0]["fieldsV1"],
            json!({"f:spec": {"f:progressDeadlineSeconds": {}, "f:containers": {
                "k:{\"name\":\"side\"}": {".": {}, "f:image": {}}}}})
        );
        assert_eq!(left[1], scale);
        assert_eq!((&left[2]["manager"], &left[2]["operation"]), (&json!("regplan:p"), &json!("Apply")));
        assert_eq!(
            left[2]["fieldsV1"],
            json!({"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:replicas": {}, "f:containers": {
                "k:{\"name\":\"web\"}": {".": {}, "f:image": {}, "f:ports": {
                    "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}}}}})
        );
        assert_eq!(take_over(&left, &["kubectl".into()], "regplan:p", &object), None);
    }

    #[test]
    fn what_is_taken_becomes_ours_whoever_owned_it() {
        let port = |number: u16| json!({"port": number, "protocol": "TCP"});
        let name = |number: u16| format!("k:{}", port(number));
        let theirs = json!({"f:spec": {"f:ports": {name(81): {".": {}, "f:port": {}}}, "f:x": {}}});
        let ours = json!({"f:spec": {"f:ports": {name(80): {".": {}, "f:port": {}}}}});
        let managed = [entry("regplan:p", "Apply", ours), entry("kubectl", "Update", theirs)];
        let object = json!({"apiVersion": "v1", "spec": {"ports": [port(80), port(81)], "strategy": {"rollingUpdate": {}}}});
        let fields = paths(&["spec.ports[port=81,protocol=TCP]", "spec.strategy.rollingUpdate", "spec.gone"]);
        let left = take(&managed, "regplan:p", &fields, &object).unwrap();
        assert_eq!(
            left[0]["fieldsV1"],
            json!({"f:spec": {"f:ports": {name(80): {".": {}, "f:port": {}}, name(81): {".": {}}},
                              "f:strategy": {"f:rollingUpdate": {}}}})
        );
        assert_eq!(left[1]["fieldsV1"], json!({"f:spec": {"f:x": {}}}));
        assert_eq!(take(&left, "regplan:p", &fields, &object), None);
    }

    #[test]
    fn an_entry_that_has_lost_everything_goes_and_two_become_one() {
        let data = |key: &str| json!({"f:data": {".": {}, key: {}}});
        let managed = [entry("helm", "Update", data("f:a")), entry("kubectl-create", "Update", data("f:b"))];
        let object = json!({"data": {"a": "1", "b": "2"}});
        let from = ["helm".to_owned(), "kubectl-create".to_owned()];
        let left = take_over(&managed, &from, "regplan:p", &object).unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0]["fieldsV1"], json!({"f:data": {"f:a": {}, "f:b": {}}}));
    }
}
