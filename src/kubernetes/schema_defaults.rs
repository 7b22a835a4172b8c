//! Takes out of an object what the schema of its definition fills in, so that nobody need write it.

use serde_json::Value;

use super::openapi::{FieldSchema, ListForm, ObjectSchema};

/// What the schema of a definition says nothing about.
const OF_ALL_KINDS: &[&str] = &["apiVersion", "kind", "metadata", "status"];

/// Takes out the fields that hold just their default. What the server would not fill in again stays: the keys by which
/// the items of a list are told apart, so that a reader sees them.
pub fn take_out_defaults(object: &mut Value, schema: &ObjectSchema) {
    let (Some(map), Some(root)) = (object.as_object_mut(), schema.root()) else { return };
    for (key, below) in map.iter_mut().filter(|(key, _)| !OF_ALL_KINDS.contains(&key.as_str())) {
        if let Some(schema) = root.field(key) {
            take_out(below, schema, &[]);
        }
    }
    map.retain(|key, value| {
        OF_ALL_KINDS.contains(&key.as_str())
            || !root.field(key).is_some_and(|schema| is_default(value, schema))
    });
}

/// Takes out what is default below a value; `kept` are fields of it that stay.
fn take_out(value: &mut Value, schema: FieldSchema<'_>, kept: &[&str]) {
    match value {
        Value::Object(map) => {
            for (key, below) in map.iter_mut() {
                if let Some(schema) = schema.field(key) {
                    take_out(below, schema, &[]);
                }
            }
            map.retain(|key, below| {
                // A key of a free map is there because somebody wrote it.
                let is_declared = schema.names().any(|name| name == key);
                let default = schema.field(key).is_some_and(|schema| is_default(below, schema));
                kept.contains(&key.as_str()) || !(is_declared && default)
            });
        }
        Value::Array(items) => {
            let Some(below) = schema.item() else { return };
            let keys = match schema.list_form() {
                ListForm::Keys(keys) => keys,
                ListForm::Atomic | ListForm::Set => Vec::new(),
            };
            for item in items {
                take_out(item, below, &keys);
            }
        }
        _ => {}
    }
}

/// Whether a value, without the defaults in it, is that of its field, without the defaults in that.
fn is_default(value: &Value, schema: FieldSchema<'_>) -> bool {
    let Some(mut default) = schema.default().cloned() else { return false };
    take_out(&mut default, schema, &[]);
    *value == default
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::resource::GroupKind;

    fn cleaned(spec: &Value) -> Value {
        let port = json!({"type": "object", "properties": {
            "number": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"},
            "mode": {"type": "string", "default": "host"}}});
        let tuning = json!({"type": "object", "default": {}, "properties": {
            "level": {"type": "integer", "default": 3}, "name": {"type": "string"}}});
        let spec_schema = json!({"type": "object", "properties": {
            "size": {"type": "integer", "default": 1},
            "tuning": tuning,
            "labels": {"type": "object", "additionalProperties": {"type": "string", "default": "x"}},
            "ports": {"type": "array", "items": port, "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": ["number", "protocol"]}}});
        let document = json!({"components": {"schemas": {"Thing": {
            "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Thing"}],
            "type": "object",
            "properties": {"metadata": {"type": "object"}, "spec": spec_schema}}}}});
        let kind = GroupKind { group: "example.com".into(), kind: "Thing".into() };
        let schema = ObjectSchema::of(Arc::new(document), &kind, "v1").unwrap();
        let mut object = json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"},
                                "spec": spec});
        take_out_defaults(&mut object, &schema);
        object["spec"].clone()
    }

    #[test]
    fn what_is_just_the_default_goes_and_what_differs_stays() {
        assert_eq!(cleaned(&json!({"size": 1, "tuning": {"level": 3}})), json!({}));
        let chosen = json!({"size": 2, "tuning": {"level": 4}});
        assert_eq!(cleaned(&chosen), chosen);
        assert_eq!(cleaned(&json!({"tuning": {"level": 3, "name": "n"}})), json!({"tuning": {"name": "n"}}));
    }

    #[test]
    fn keys_of_items_and_of_free_maps_stay() {
        let ports = json!({"ports": [{"number": 80, "protocol": "TCP", "mode": "host"}]});
        assert_eq!(cleaned(&ports), json!({"ports": [{"number": 80, "protocol": "TCP"}]}));
        let labels = json!({"labels": {"a": "x"}});
        assert_eq!(cleaned(&labels), labels);
    }
}
