//! What a JSON Schema says about one place of a tree: the parts of the schema that apply there.
//!
//! The validator only says *that* a value does not fit. What a reader needs to know besides is looked up here:
//! which keys there are, which table knows a key, where a path or a secret stands.

use std::collections::BTreeMap;

use serde_json::Value;

use super::markers::{BLOCK, PATH, PATTERN, SECRET_SOURCE};
use crate::resource::{FieldPath, Segment};

/// The schemas that apply to one place.
#[derive(Debug, Clone)]
pub(super) struct Shape<'s> {
    root: &'s Value,
    parts: Vec<&'s Value>,
}

impl<'s> Shape<'s> {
    /// The shape of a whole value.
    pub(super) fn new(schema: &'s Value) -> Self {
        let mut shape = Self { root: schema, parts: Vec::new() };
        shape.add(schema);
        shape
    }

    /// Adds a schema and its parts (`$ref`, `allOf`, …), each once: a schema may contain itself.
    fn add(&mut self, schema: &'s Value) {
        if self.parts.iter().any(|part| std::ptr::eq(*part, schema)) {
            return;
        }
        self.parts.push(schema);
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let pointer = target.strip_prefix('#').unwrap_or(target);
            if let Some(target) = self.root.pointer(pointer) {
                self.add(target);
            }
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for part in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
                self.add(part);
            }
        }
    }

    fn below(&self, parts: impl IntoIterator<Item = &'s Value>) -> Self {
        let mut shape = Self { root: self.root, parts: Vec::new() };
        for part in parts {
            shape.add(part);
        }
        shape
    }

    /// Whether nothing is said about the place.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.as_object().is_none_or(serde_json::Map::is_empty))
    }

    /// The shape of what stands under a key.
    pub(super) fn key(&self, key: &str) -> Self {
        self.below(self.parts.iter().filter_map(|part| {
            let named = part.get("properties").and_then(|properties| properties.get(key));
            named.or_else(|| part.get("additionalProperties"))
        }))
    }

    /// The shape of a list's items.
    pub(super) fn item(&self) -> Self {
        self.below(self.parts.iter().filter_map(|part| part.get("items")))
    }

    /// The shape of what a path leads to.
    pub(super) fn at(&self, path: &FieldPath) -> Self {
        path.segments().iter().fold(self.clone(), |shape, segment| match segment {
            Segment::Key(key) => shape.key(key),
            Segment::Index(_) | Segment::Item(_) => shape.item(),
        })
    }

    /// The keys that are known by name, with their schemas.
    pub(super) fn known(&self) -> BTreeMap<&'s str, &'s Value> {
        let tables = self.parts.iter().filter_map(|part| part.get("properties")?.as_object());
        tables.flatten().map(|(key, schema)| (key.as_str(), schema)).collect()
    }

    /// Whether the keys here are free names, as those of users are.
    pub(super) fn is_map(&self) -> bool {
        self.parts.iter().any(|part| part.get("additionalProperties").is_some_and(Value::is_object))
    }

    /// Whether only the known keys may stand here.
    pub(super) fn is_closed(&self) -> bool {
        self.parts.iter().any(|part| part.get("additionalProperties") == Some(&Value::Bool(false)))
    }

    /// The types that a value may have; empty where nothing is said.
    pub(super) fn types(&self) -> Vec<&'s str> {
        let mut types = Vec::new();
        for part in &self.parts {
            match part.get("type") {
                Some(Value::String(name)) => types.push(name.as_str()),
                Some(Value::Array(names)) => types.extend(names.iter().filter_map(Value::as_str)),
                _ => {}
            }
            if let Some(Value::String(_)) = part.get("const") {
                types.push("string");
            }
        }
        types.retain(|name| *name != "null");
        types.sort_unstable();
        types.dedup();
        types
    }

    /// The words that are the only texts that fit; empty where others do.
    pub(super) fn choices(&self) -> Vec<&'s str> {
        let listed = self.parts.iter().filter_map(|part| part.get("enum")?.as_array()).flatten();
        let single = self.parts.iter().filter_map(|part| part.get("const"));
        listed.chain(single).filter_map(Value::as_str).collect()
    }

    /// Whether a marker stands here.
    pub(super) fn has(&self, marker: &str) -> bool {
        self.parts.iter().any(|part| part.get(marker) == Some(&Value::Bool(true)))
    }

    /// The text of a keyword.
    pub(super) fn text(&self, keyword: &str) -> Option<&'s str> {
        self.parts.iter().find_map(|part| part.get(keyword)?.as_str())
    }

    /// The default value.
    pub(super) fn default(&self) -> Option<&'s Value> {
        self.parts.iter().find_map(|part| part.get("default")).filter(|value| !value.is_null())
    }

    /// Whether a text here must follow a rule: a pattern, a list of choices, a path, an address.
    pub(super) fn reads_text(&self) -> bool {
        let keywords = ["pattern", "format", "enum", "const", PATH, PATTERN, BLOCK];
        self.parts.iter().any(|part| keywords.iter().any(|keyword| part.get(keyword).is_some()))
    }

    /// The keys of which exactly one stands: `env`, `file`, `generate` of a secret's source. `None`
    /// where the shape is no such choice.
    pub(super) fn tags(&self) -> Option<Vec<&'s str>> {
        let choices = self.parts.iter().find_map(|part| {
            let choices = part.get("oneOf").or_else(|| part.get("anyOf"))?.as_array()?;
            let tags: Vec<_> = choices.iter().filter_map(tag).collect();
            (tags.len() > 1).then_some(tags)
        });
        choices.or_else(|| {
            let only: Vec<_> = self.parts.iter().filter_map(|part| tag(part)).collect();
            (self.has(SECRET_SOURCE) && !only.is_empty()).then_some(only)
        })
    }

    /// The nearest place below this one that knows a key by name.
    pub(super) fn knows_below(&self, key: &str) -> Option<FieldPath> {
        const LEVELS: usize = 4;
        let mut level = vec![(FieldPath::root(), self.clone())];
        for _ in 0..LEVELS {
            let mut next = Vec::new();
            for (path, shape) in &level {
                for name in shape.known().into_keys() {
                    let (path, below) = (path.key(name), shape.key(name));
                    if below.known().contains_key(key) {
                        return Some(path);
                    }
                    next.push((path, below));
                }
            }
            level = next;
        }
        None
    }
}

/// The one key of an externally tagged alternative.
fn tag(schema: &Value) -> Option<&str> {
    let properties = schema.get("properties")?.as_object()?;
    let required = schema.get("required")?.as_array()?;
    match (properties.len(), required.as_slice()) {
        (1, [only]) => only.as_str(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::SecretSource;

    #[test]
    fn references_and_choices_are_followed() {
        let schema = json!({
            "properties": {
                "storage": {"anyOf": [{"$ref": "#/$defs/Storage"}, {"type": "null"}]},
                "users": {"additionalProperties": {"type": "string", "x-path": true}},
                "ports": {"items": {"type": "integer", "default": 80}},
            },
            "additionalProperties": false,
            "$defs": {"Storage": {"type": "object", "properties": {"size": {"type": "string"}}}},
        });
        let shape = Shape::new(&schema);
        assert!(shape.is_closed());
        assert_eq!(shape.key("storage").known().into_keys().collect::<Vec<_>>(), ["size"]);
        assert!(shape.key("users").is_map());
        assert!(shape.key("users").key("anybody").has(PATH));
        let port = shape.at(&"ports[3]".parse().unwrap());
        assert_eq!((port.types(), port.default()), (vec!["integer"], Some(&json!(80))));
        assert_eq!(shape.knows_below("size"), Some("storage".parse().unwrap()));
        assert_eq!(shape.knows_below("x"), None);
    }

    #[test]
    fn a_schema_that_contains_itself_ends() {
        let schema = json!({"$ref": "#", "properties": {"a": {"$ref": "#"}}});
        assert_eq!(Shape::new(&schema).knows_below("b"), None);
    }

    #[test]
    fn a_secret_source_is_a_choice_of_one_key() {
        let schema = schemars::schema_for!(SecretSource).to_value();
        let shape = Shape::new(&schema);
        assert_eq!(shape.tags(), Some(vec!["env", "file", "generate"]));
        assert!(shape.has(SECRET_SOURCE));
        assert!(shape.key("file").has(PATH));
    }
}
