//! The schema of a definition, which Kubernetes calls structural, as a JSON Schema.
//!
//! <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema>
//!
//! Two things are left out, because only the server can check them: `format`, of which the server knows some
//! values and ignores the others, and the rules in CEL (`x-kubernetes-validations`).

use jsonschema::PatternOptions;
use serde_json::{Map, Value, json};

use crate::resource::FieldPath;

const INT_OR_STRING: &str = "x-kubernetes-int-or-string";
const PRESERVED: &str = "x-kubernetes-preserve-unknown-fields";
const EMBEDDED: &str = "x-kubernetes-embedded-resource";
const LIST_TYPE: &str = "x-kubernetes-list-type";
const LIST_KEYS: &str = "x-kubernetes-list-map-keys";

/// Rules that mean the same in a JSON Schema.
const SAME: &[&str] = &[
    "enum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "multipleOf",
    "required",
];

/// The schema of a whole object as a JSON Schema. What it refuses, a server with strict validation refuses too.
pub(super) fn json_schema(schema: &Value) -> Value {
    let mut root = structure(schema);
    let properties = root.as_object_mut().map(|root| root.entry("properties").or_insert_with(|| json!({})));
    if let Some(properties) = properties.and_then(Value::as_object_mut) {
        for key in ["apiVersion", "kind"] {
            properties.entry(key).or_insert(Value::Bool(true));
        }
        // A schema may restrict the name, and nothing else in the metadata.
        let metadata = properties.entry("metadata").or_insert(Value::Bool(true));
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.remove("additionalProperties");
        }
    }
    root
}

/// Sets the defaults, as the server does before it validates; also in place of a `null` that is not allowed.
pub(super) fn with_defaults(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(map) => {
            let properties = schema.get("properties").and_then(Value::as_object);
            for (key, below) in properties.into_iter().flatten() {
                let is_set = map.get(key).is_some_and(|value| !value.is_null() || is(below, "nullable"));
                if let (false, Some(default)) = (is_set, below.get("default")) {
                    map.insert(key.clone(), default.clone());
                }
            }
            let others = schema.get("additionalProperties").filter(|others| others.is_object());
            for (key, value) in map {
                let below = properties.and_then(|properties| properties.get(key)).or(others);
                if let Some(below) = below {
                    with_defaults(below, value);
                }
            }
        }
        Value::Array(items) => {
            if let Some(below) = schema.get("items") {
                for item in items {
                    with_defaults(below, item);
                }
            }
        }
        _ => {}
    }
}

/// The items with the same keys as an earlier one, in lists whose items are identified by keys. A JSON Schema
/// cannot express that.
pub(super) fn repeated(schema: &Value, value: &Value, path: &FieldPath, found: &mut Vec<FieldPath>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let named = schema.get("properties").and_then(|properties| properties.get(key));
                let below = named.or_else(|| schema.get("additionalProperties"));
                if let Some(below) = below {
                    repeated(below, value, &path.key(key.as_str()), found);
                }
            }
        }
        Value::Array(items) => {
            let keys = schema.get(LIST_KEYS).and_then(Value::as_array);
            let name = |item| keys.map(|keys| keys.iter().map(|key| key_of(item, key)).collect::<Vec<_>>());
            let mut seen = Vec::new();
            for (index, item) in items.iter().enumerate() {
                let path = path.index(index);
                if let Some(below) = schema.get("items") {
                    repeated(below, item, &path, found);
                }
                if let Some(name) = name(item) {
                    if seen.contains(&name) {
                        found.push(path);
                    }
                    seen.push(name);
                }
            }
        }
        _ => {}
    }
}

fn key_of<'v>(item: &'v Value, key: &Value) -> Option<&'v Value> {
    item.get(key.as_str()?)
}

fn is(schema: &Value, key: &str) -> bool {
    schema.get(key) == Some(&Value::Bool(true))
}

/// A schema that says which fields a value has: fields that it does not name are unknown.
fn structure(schema: &Value) -> Value {
    let Some(fields) = schema.as_object() else { return schema.clone() };
    let mut out = rules(fields, structure);
    if let Some(types) = types(schema) {
        out.insert("type".to_owned(), types);
    }
    let holds_fields = schema.get("type").and_then(Value::as_str) == Some("object");
    if is(schema, EMBEDDED) {
        embed(&mut out);
    }
    if holds_fields && !is(schema, PRESERVED) && !out.contains_key("additionalProperties") {
        out.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    if schema.get(LIST_TYPE).and_then(Value::as_str) == Some("set") {
        out.insert("uniqueItems".to_owned(), Value::Bool(true));
    }
    Value::Object(out)
}

fn types(schema: &Value) -> Option<Value> {
    let mut types = match schema.get("type").and_then(Value::as_str) {
        _ if is(schema, INT_OR_STRING) => vec!["integer", "string"],
        Some(name) => vec![name],
        None => return None,
    };
    types.extend(is(schema, "nullable").then_some("null"));
    Some(json!(types))
}

/// An object within the object: the schema need not name what every object has.
fn embed(out: &mut Map<String, Value>) {
    let properties = out.entry("properties").or_insert_with(|| json!({}));
    for key in ["apiVersion", "kind", "metadata"] {
        if let Some(properties) = properties.as_object_mut() {
            properties.entry(key).or_insert(Value::Bool(true));
        }
    }
    let required = out.entry("required").or_insert_with(|| json!([]));
    for key in ["apiVersion", "kind"] {
        if let Some(required) = required.as_array_mut()
            && !required.contains(&Value::from(key))
        {
            required.push(Value::from(key));
        }
    }
}

/// A schema within `allOf` and the like: it restricts values, and does not say which fields there are.
fn restriction(schema: &Value) -> Value {
    let Some(fields) = schema.as_object() else { return schema.clone() };
    let mut out = rules(fields, restriction);
    if let Some(name) = fields.get("type") {
        out.insert("type".to_owned(), name.clone());
    }
    Value::Object(out)
}

/// What both sorts of schema have in common; `below` translates the schemas within.
fn rules(fields: &Map<String, Value>, below: fn(&Value) -> Value) -> Map<String, Value> {
    let mut out = Map::new();
    for (key, value) in fields {
        match (key.as_str(), value) {
            (key, _) if SAME.contains(&key) => drop(out.insert(key.to_owned(), value.clone())),
            ("pattern", Value::String(pattern)) if is_understood(pattern) => {
                out.insert(key.clone(), value.clone());
            }
            ("minimum" | "maximum", _) => {
                let exclusive = if key == "minimum" { "exclusiveMinimum" } else { "exclusiveMaximum" };
                let is_exclusive = fields.get(exclusive) == Some(&Value::Bool(true));
                out.insert(if is_exclusive { exclusive.to_owned() } else { key.clone() }, value.clone());
            }
            ("properties", Value::Object(properties)) => {
                let properties = properties.iter().map(|(key, schema)| (key.clone(), below(schema)));
                out.insert(key.clone(), properties.collect());
            }
            ("items" | "additionalProperties", _) => drop(out.insert(key.clone(), below(value))),
            ("not", _) => drop(out.insert(key.clone(), restriction(value))),
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                out.insert(key.clone(), schemas.iter().map(restriction).collect());
            }
            _ => {}
        }
    }
    out
}

/// Whether our regular expressions understand the pattern; those of the server (RE2) know a little more.
fn is_understood(pattern: &str) -> bool {
    options().build(&json!({ "pattern": pattern })).is_ok()
}

/// How these schemas are read. As in the server, matching takes time that is linear in the text.
pub(super) fn options() -> jsonschema::ValidationOptions<'static> {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
}
