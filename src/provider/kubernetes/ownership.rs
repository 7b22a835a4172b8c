//! `metadata.managedFields` → [`Ownership`], and a server's object → [`Live`].

use litemap::LiteMap;
use serde_json::{Map, Value};

use crate::kubernetes::list_items::name_of;
use crate::resource::{FieldSet, Live, ManagedEntry, NAMING_KEYS, Operation, Ownership, Segment, Stamp};

/// Splits an object, as the server sent it, into content, stamp and field owners.
pub(super) fn live(mut object: Value) -> Live {
    let managed = object
        .get_mut("metadata")
        .and_then(Value::as_object_mut)
        .and_then(|metadata| metadata.remove("managedFields"));
    Live { stamp: stamp(&object), ownership: ownership(managed.as_ref()), object }
}

/// Which object at which moment; empty texts where the server gave none (kinds that are not stored).
pub(super) fn stamp(object: &Value) -> Stamp {
    let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    Stamp { uid: text("/metadata/uid"), version: text("/metadata/resourceVersion") }
}

fn ownership(managed: Option<&Value>) -> Ownership {
    let entries = managed.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Ownership { entries: entries.iter().map(entry).collect() }
}

fn entry(entry: &Value) -> ManagedEntry {
    let text = |key| entry.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    ManagedEntry {
        manager: text("manager").unwrap_or_default().to_owned(),
        operation: if text("operation") == Some("Apply") { Operation::Apply } else { Operation::Update },
        api_version: text("apiVersion").unwrap_or_default().to_owned(),
        time: text("time").map(str::to_owned),
        subresource: text("subresource").map(str::to_owned),
        fields: entry.get("fieldsV1").and_then(Value::as_object).map(fields).unwrap_or_default(),
    }
}

/// One level of `fieldsV1`: `f:` a key, `k:` an item by its keys, `v:` an item of a set, `i:` a
/// position, `.` the field itself. A field without anything below it is a leaf, and owned itself.
fn fields(map: &Map<String, Value>) -> FieldSet {
    let mut set = FieldSet { owned: false, children: LiteMap::with_capacity(map.len()) };
    for (name, below) in map {
        if name == "." {
            set.owned = true;
            continue;
        }
        let Some(segment) = segment(name) else { continue };
        let child = match below.as_object() {
            Some(below) if !below.is_empty() => fields(below),
            _ => FieldSet { owned: true, ..FieldSet::default() },
        };
        set.children.insert(segment, child);
    }
    set
}

pub(super) fn segment(name: &str) -> Option<Segment> {
    let (form, text) = name.split_once(':')?;
    match form {
        "f" => Some(Segment::Key(text.to_owned())),
        "i" => text.parse().ok().map(Segment::Index),
        "v" => {
            let value: Value = serde_json::from_str(text).ok()?;
            Some(Segment::Item(vec![(String::new(), plain(&value))]))
        }
        "k" => {
            let keys: Map<String, Value> = serde_json::from_str(text).ok()?;
            let value = Value::Object(keys);
            let names: Vec<&str> = value.as_object()?.keys().map(String::as_str).collect();
            Some(Segment::Item(name_of(&value, &names)))
        }
        _ => None,
    }
}

/// Whether a path finds a list's item by this key without naming the key.
pub(super) fn is_usual_key(key: &str) -> bool {
    NAMING_KEYS.contains(&key)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(name: &str) -> Segment {
        Segment::Key(name.to_owned())
    }

    #[test]
    fn every_form_of_a_managed_field_is_read() {
        let live = live(
            json!({"kind": "X", "metadata": {"uid": "u", "resourceVersion": "7", "managedFields": [
                {"manager": "regplan:a", "operation": "Apply", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1",
                 "fieldsV1": {
                    "f:metadata": {"f:finalizers": {".": {}, "v:\"a.b/c\"": {}}, "f:labels": {}},
                    "f:spec": {"f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}}},
                               "f:list": {"i:0": {}},
                               "f:containers": {"k:{\"name\":\"web\"}": {"f:image": {}}}}}},
                {"manager": "kcm", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}}
            ]}}),
        );
        assert_eq!(live.stamp, Stamp { uid: "u".into(), version: "7".into() });
        assert_eq!(live.object, json!({"kind": "X", "metadata": {"uid": "u", "resourceVersion": "7"}}));
        assert_eq!(live.ownership.managers(), ["regplan:a"]);
        assert_eq!(live.ownership.entries[0].api_version, "v1");
        assert_eq!(live.ownership.entries[1].operation, Operation::Update);
        let set = live.ownership.applied_by("regplan:a").unwrap();
        let metadata = &set.children[&key("metadata")];
        assert!(!metadata.owned);
        assert!(metadata.children[&key("labels")].owned);
        let finalizers = &metadata.children[&key("finalizers")];
        assert!(finalizers.owned);
        assert!(finalizers.children[&Segment::Item(vec![(String::new(), "a.b/c".into())])].owned);
        let spec = &set.children[&key("spec")];
        let port =
            Segment::Item(vec![("containerPort".into(), "80".into()), ("protocol".into(), "TCP".into())]);
        let port = &spec.children[&key("ports")].children[&port];
        assert!(port.owned && port.children[&key("name")].owned);
        assert!(spec.children[&key("list")].children[&Segment::Index(0)].owned);
        let web =
            &spec.children[&key("containers")].children[&Segment::Item(vec![(String::new(), "web".into())])];
        assert!(!web.owned && web.children[&key("image")].owned);
    }

    #[test]
    fn an_object_without_managed_fields_has_no_owners() {
        assert_eq!(live(json!({"metadata": {}})).ownership, Ownership::default());
        assert_eq!(live(json!([])).ownership, Ownership::default());
    }
}
