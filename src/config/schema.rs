//! The JSON Schema of the whole file, for editors.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::model::BlockSchema;
use super::outline::{LISTS, Outline, SINGLE_TABLES};

/// The JSON Schema (2020-12) of a configuration with these types of blocks.
///
/// Where a value must be a number, a list or a text of a certain form, a reference `"${…}"` may stand
/// as well: what it leads to is checked by regplan, not by the editor.
pub fn schema(schemas: &[BlockSchema]) -> Value {
    let outline = Outline::new(schemas);
    let mut defs = Map::new();
    let mut properties = Map::new();
    for (name, own) in outline.own() {
        hoist(name, own.clone(), &mut defs);
        properties.insert(name.to_owned(), entry(name, SINGLE_TABLES.contains(&name), own));
    }
    hoist("lifecycle", outline.lifecycle.clone(), &mut defs);
    for block in outline.blocks() {
        let mut own = block.schema.clone();
        if let (Some(own), [_, ..]) = (own.as_object_mut(), block.common_keys) {
            let keys = own.entry("properties").or_insert_with(|| json!({}));
            for key in block.common_keys {
                keys[*key] = common_key(key);
            }
        }
        if let (Some(own), [_, ..]) = (own.as_object_mut(), block.properties) {
            let properties = block.properties.iter().map(|property| (property.name, property.about));
            own.insert("x-properties".to_owned(), json!(properties.collect::<BTreeMap<_, _>>()));
        }
        // The reference to `lifecycle` is one of the whole schema already: it must not get the prefix.
        hoist(block.kind, own, &mut defs);
        properties.insert(block.kind.to_owned(), entry(block.kind, false, &block.schema));
    }
    defs.insert(
        "reference".to_owned(),
        json!({
            "description": "A reference: `${var.NAME}`, `${TYPE.NAME.key}`, `${TYPE.NAME/Kind/name.field}`.",
            "type": "string",
            "pattern": "^\\$\\{[^}]+\\}$",
        }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "regplan.toml",
        "description": "A private Docker registry on Kubernetes, planned and applied by regplan.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "$defs": defs,
    })
}

/// The schema of a key that blocks of all types may have.
fn common_key(key: &str) -> Value {
    match key {
        "depends_on" => json!({
            "description": "Addresses of what must be there before, as `\"manifest.crds\"`.",
            "type": "array",
            "items": { "type": "string" },
        }),
        "lifecycle" => json!({
            "description": "How the block wants its resources to be treated.",
            "$ref": "#/$defs/lifecycle",
        }),
        _ => Value::Bool(true),
    }
}

/// A table at the top: a single one, a list of them, or blocks by name.
fn entry(name: &str, single: bool, own: &Value) -> Value {
    let about =
        own.get("description").cloned().unwrap_or_else(|| json!(format!("Blocks of the type `{name}`.")));
    if single {
        return json!({ "description": about, "$ref": format!("#/$defs/{name}") });
    }
    if LISTS.contains(&name) {
        return json!({
            "description": about,
            "type": "array",
            "items": { "$ref": format!("#/$defs/{name}") },
        });
    }
    json!({
        "description": about,
        "type": "object",
        "propertyNames": { "pattern": "^[a-z0-9]([-_a-z0-9]*[a-z0-9])?$" },
        "additionalProperties": { "$ref": format!("#/$defs/{name}") },
    })
}

/// Adds a schema, and its own `$defs`, to the `$defs` of the whole file.
fn hoist(name: &str, mut schema: Value, defs: &mut Map<String, Value>) {
    if let Some(keys) = schema.as_object_mut() {
        keys.remove("$schema");
        keys.remove("title");
        for (inner, mut def) in keys.remove("$defs").and_then(into_object).unwrap_or_default() {
            rename(&mut def, name);
            allow_references(&mut def);
            defs.insert(format!("{name}.{inner}"), def);
        }
    }
    rename(&mut schema, name);
    allow_references(&mut schema);
    defs.insert(name.to_owned(), schema);
}

fn into_object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

/// Changes each `$ref` so that it leads to the schema's new name.
fn rename(schema: &mut Value, name: &str) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(target)) = map.get_mut("$ref") {
                if let Some(inner) = target.strip_prefix("#/$defs/").filter(|inner| *inner != "lifecycle") {
                    *target = format!("#/$defs/{name}.{inner}");
                } else if target == "#" {
                    *target = format!("#/$defs/{name}");
                }
            }
            map.values_mut().for_each(|value| rename(value, name));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, name)),
        _ => {}
    }
}

/// Allows `"${…}"` for the values of keys and lists that are no free text.
fn allow_references(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else { return };
    if let Some(properties) = map.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(or_reference);
    }
    for keyword in ["additionalProperties", "items"] {
        if let Some(below) = map.get_mut(keyword) {
            or_reference(below);
        }
    }
    for keyword in ["anyOf", "oneOf", "allOf"] {
        for part in map.get_mut(keyword).and_then(Value::as_array_mut).into_iter().flatten() {
            allow_references(part);
        }
    }
}

fn or_reference(schema: &mut Value) {
    allow_references(schema);
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let strict = ["pattern", "format", "enum"].iter().any(|keyword| schema.get(keyword).is_some());
    let is_text = types.contains(&"string") && !strict;
    if is_text || types.contains(&"object") {
        return;
    }
    let about = schema.get("description").cloned();
    let mut either = json!({ "anyOf": [schema.take(), { "$ref": "#/$defs/reference" }] });
    if let Some(about) = about {
        either["description"] = about;
    }
    *schema = either;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::schemas;

    fn valid(text: &str) -> bool {
        let value: Value = toml::from_str(text).unwrap();
        let validator = jsonschema::draft202012::new(&schema(&schemas())).unwrap();
        validator.is_valid(&value)
    }

    #[test]
    fn editors_accept_what_is_right_and_refuse_what_is_not() {
        let right = "[project]\nname = 'a'\n[registry.main]\nhost = 'h'\nimage = '${var.image}'\n\
            replicas = '${var.n}'\nports = [1, '${var.port}']\ndepends_on = ['manifest.x']\n\
            storage.volume = { size = '1Gi' }\n[registry.main.auth.users]\nci = { env = 'A' }\n\
            [registry.main.lifecycle]\nready = { condition = 'Ready' }\nprotect = true\n\
            [resource.x]\nkind = 'ConfigMap'\nanything = 1\n[variable.n]\ntype = 'number'\n\
            [[moved]]\nfrom = 'resource.a'\nto = 'resource.x'\n[[removed]]\naddress = 'resource.b'\ndestroy = false\n";
        assert!(valid(right));
        for wrong in [
            "[project]\nname = 'A B'",
            "[registry.main]\nhost = 'h'",
            "[registry.main]\nhost = 'h'\nimage = 'a:b'\nreplicas = 'two'",
            "[registry.main]\nhost = 'h'\nimage = 'a:b'\nstorage.volume = {}",
            "[registry.'B C']\nhost = 'h'\nimage = 'a:b'",
            "[secret]\nx = 'clear'",
            "[unknown.x]",
            "[moved]\nfrom = 'resource.a'\nto = 'resource.x'",
            "[[removed]]\naddress = 'resource.b'",
        ] {
            assert!(!valid(wrong), "{wrong}");
        }
    }

    #[test]
    fn every_key_of_ours_is_described() {
        fn undescribed(value: &Value, at: &str, found: &mut Vec<String>) {
            for (key, schema) in value.get("properties").and_then(Value::as_object).into_iter().flatten() {
                if schema.get("description").is_none() && !at.ends_with(".File") {
                    found.push(format!("{at}.{key}"));
                }
                undescribed(schema, &format!("{at}.{key}"), found);
            }
        }
        let whole = schema(&[]);
        let mut found = Vec::new();
        undescribed(&whole, "", &mut found);
        for (name, def) in whole["$defs"].as_object().unwrap() {
            undescribed(def, name, &mut found);
        }
        assert_eq!(found, Vec::<String>::new());
    }
}
