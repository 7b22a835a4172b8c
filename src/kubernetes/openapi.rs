//! The schema of a kind, as the server publishes it in `OpenAPI` v3: which fields there are, what identifies the items
//! of a list, what the server fills in.
//!
//! The server publishes only some of its defaults. Above all these are the keys of list items that may be left
//! out, such as the protocol of a port.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::resource::{FieldPath, GroupKind, Segment};

const KINDS: &str = "x-kubernetes-group-version-kind";
const LIST_TYPE: &str = "x-kubernetes-list-type";
const LIST_KEYS: &str = "x-kubernetes-list-map-keys";
const MAP_TYPE: &str = "x-kubernetes-map-type";
const PRESERVED: &str = "x-kubernetes-preserve-unknown-fields";
const EMBEDDED: &str = "x-kubernetes-embedded-resource";
const INT_OR_STRING: &str = "x-kubernetes-int-or-string";
const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";

/// The schema of a kind in one version.
#[derive(Debug, Clone)]
pub struct ObjectSchema {
    /// The document of the group and version.
    document: Arc<Value>,
    /// The name of the kind's schema in the document.
    name: String,
}

/// The schema of one field.
#[derive(Debug, Clone, Copy)]
pub struct FieldSchema<'a> {
    schemas: &'a Map<String, Value>,
    /// What is said where the field is declared: its default, above all.
    declared: &'a Value,
    /// What is said of its type. It is often a schema of its own, to which the declaration refers.
    shape: &'a Value,
    /// The name of that schema.
    name: Option<&'a str>,
}

/// How the items of a list are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListForm<'a> {
    /// The list is one value.
    Atomic,
    /// Each item is a value, which is in the list once.
    Set,
    /// By these keys.
    Keys(Vec<&'a str>),
}

/// What sort of value a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueForm {
    /// Text.
    Text,
    /// Text of this format (`byte`, `date-time`).
    Encoded,
    /// An amount, which may be written in several ways (`1000m`, `1`).
    Quantity,
    /// An integer.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    List,
    /// A map, whether its keys are declared or free.
    Map,
    /// More than one sort of value, or one that the schema does not name.
    Any,
}

impl ObjectSchema {
    /// The schema of a kind, from the document of its group and version; `None` where the document does not have it.
    pub fn of(document: Arc<Value>, kind: &GroupKind, version: &str) -> Option<Self> {
        let schemas = document.pointer("/components/schemas")?.as_object()?;
        let text = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
        let is_it = |entry: &Value| {
            text(entry, "group").as_deref() == Some(kind.group.as_str())
                && text(entry, "version").as_deref() == Some(version)
                && text(entry, "kind").as_deref() == Some(kind.kind.as_str())
        };
        let names = |schema: &Value| {
            schema.get(KINDS).and_then(Value::as_array).is_some_and(|all| all.iter().any(is_it))
        };
        let (name, _) =
            schemas.iter().find(|(_, schema)| names(schema) && schema.get("properties").is_some())?;
        let name = name.clone();
        Some(Self { document, name })
    }

    /// The schema of the whole object; `None` where the document is damaged.
    pub fn root(&self) -> Option<FieldSchema<'_>> {
        let schemas = self.document.pointer("/components/schemas")?.as_object()?;
        let shape = schemas.get(&self.name)?;
        Some(FieldSchema { schemas, declared: shape, shape, name: Some(&self.name) })
    }
}

impl<'a> FieldSchema<'a> {
    fn new(schemas: &'a Map<String, Value>, declared: &'a Value) -> Self {
        let reference = declared.get("$ref").or_else(|| declared.pointer("/allOf/0/$ref"));
        let name =
            reference.and_then(Value::as_str).and_then(|path| path.strip_prefix("#/components/schemas/"));
        let shape = name.and_then(|name| schemas.get(name)).unwrap_or(declared);
        Self { schemas, declared, shape, name }
    }

    fn said(self, key: &str) -> Option<&'a Value> {
        self.declared.get(key).or_else(|| self.shape.get(key))
    }

    /// The declared field of this name, or what the map holds under every name.
    pub fn field(self, name: &str) -> Option<Self> {
        let declared = self.shape.pointer("/properties").and_then(|properties| properties.get(name));
        let free = || self.said("additionalProperties").filter(|schema| schema.is_object());
        declared.or_else(free).map(|declared| Self::new(self.schemas, declared))
    }

    /// An item of the list.
    pub fn item(self) -> Option<Self> {
        self.said("items").map(|declared| Self::new(self.schemas, declared))
    }

    /// The field at this path.
    pub fn at(self, path: &FieldPath) -> Option<Self> {
        path.segments().iter().try_fold(self, |at, segment| match segment {
            Segment::Key(key) => at.field(key),
            Segment::Index(_) | Segment::Item(_) => at.item(),
        })
    }

    /// The names of the declared fields.
    pub fn names(self) -> impl Iterator<Item = &'a str> {
        let properties = self.shape.get("properties").and_then(Value::as_object);
        properties.into_iter().flatten().map(|(name, _)| name.as_str())
    }

    /// Whether no other fields than the declared ones may be there.
    pub fn is_closed(self) -> bool {
        let is_set = |key: &str| self.said(key) == Some(&Value::Bool(true));
        self.shape.get("properties").is_some()
            && self.said("additionalProperties").is_none()
            && !is_set(PRESERVED)
            && !is_set(EMBEDDED)
    }

    /// Whether it is a map in which every key is allowed.
    pub fn is_free_map(self) -> bool {
        self.form() == ValueForm::Map && self.shape.get("properties").is_none()
    }

    /// What the server fills in where the field is left out, as far as it says so.
    pub fn default(self) -> Option<&'a Value> {
        self.said("default")
    }

    /// Whether the map is one value for field owners.
    pub fn is_atomic_map(self) -> bool {
        self.said(MAP_TYPE).and_then(Value::as_str) == Some("atomic")
    }

    /// Whether `null` is a value of its own.
    pub fn is_nullable(self) -> bool {
        self.said("nullable") == Some(&Value::Bool(true))
    }

    /// How the items of the list are told apart.
    pub fn list_form(self) -> ListForm<'a> {
        match self.said(LIST_TYPE).and_then(Value::as_str) {
            Some("set") => ListForm::Set,
            Some("map") => {
                let keys = self.said(LIST_KEYS).and_then(Value::as_array);
                ListForm::Keys(keys.into_iter().flatten().filter_map(Value::as_str).collect())
            }
            _ => ListForm::Atomic,
        }
    }

    /// What sort of value it takes.
    pub fn form(self) -> ValueForm {
        if self.name == Some(QUANTITY) {
            return ValueForm::Quantity;
        }
        if self.said(INT_OR_STRING).is_some() {
            return ValueForm::Any;
        }
        match self.said("type").and_then(Value::as_str) {
            Some("string") if self.said("format").is_some() => ValueForm::Encoded,
            Some("string") => ValueForm::Text,
            Some("integer") => ValueForm::Integer,
            Some("number") => ValueForm::Number,
            Some("boolean") => ValueForm::Boolean,
            Some("array") => ValueForm::List,
            Some("object") => ValueForm::Map,
            _ => ValueForm::Any,
        }
    }
}

/// The object with the keys of its list items that the server fills in.
#[must_use]
pub fn with_list_keys(value: &Value, schema: Option<FieldSchema<'_>>) -> Value {
    let Some(schema) = schema else { return value.clone() };
    match value {
        Value::Object(map) => {
            let fields =
                map.iter().map(|(key, below)| (key.clone(), with_list_keys(below, schema.field(key))));
            Value::Object(fields.collect())
        }
        Value::Array(items) => {
            let below = schema.item();
            let keys = match schema.list_form() {
                ListForm::Keys(keys) => keys,
                ListForm::Atomic | ListForm::Set => Vec::new(),
            };
            let defaults = keys.iter().filter_map(|key| Some((*key, below?.field(key)?.default()?)));
            let defaults: Vec<_> = defaults.collect();
            let whole = |item: &Value| {
                let mut item = with_list_keys(item, below);
                if let Some(map) = item.as_object_mut() {
                    for (key, default) in &defaults {
                        map.entry(*key).or_insert_with(|| (*default).clone());
                    }
                }
                item
            };
            Value::Array(items.iter().map(whole).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_keys_that_the_server_fills_in_are_filled_in() {
        let port = json!({"type": "object", "properties": {
            "port": {"type": "integer", "default": 0}, "protocol": {"type": "string", "default": "TCP"}}});
        let spec = json!({"type": "object", "properties": {"ports": {
            "type": "array", LIST_TYPE: "map", LIST_KEYS: ["port", "protocol"],
            "items": {"default": {}, "allOf": [{"$ref": "#/components/schemas/Port"}]}}}});
        let thing = json!({"type": "object", "properties": {"spec": spec},
                           KINDS: [{"group": "x.y", "version": "v1", "kind": "Thing"}]});
        let document = json!({"components": {"schemas": {"Thing": thing, "Port": port}}});
        let kind = GroupKind { group: "x.y".into(), kind: "Thing".into() };
        let schema = ObjectSchema::of(Arc::new(document.clone()), &kind, "v1").unwrap();
        let object = json!({"spec": {"ports": [{"port": 80}, {"port": 53, "protocol": "UDP"}]}});
        let whole = with_list_keys(&object, schema.root());
        assert_eq!(whole["spec"]["ports"][0], json!({"port": 80, "protocol": "TCP"}));
        assert_eq!(whole["spec"]["ports"][1], object["spec"]["ports"][1]);
        let ports = schema.root().unwrap().at(&"spec.ports".parse().unwrap()).unwrap();
        assert_eq!(ports.list_form(), ListForm::Keys(vec!["port", "protocol"]));
        assert!(ports.item().unwrap().is_closed() && !ports.item().unwrap().is_free_map());
        assert!(ObjectSchema::of(Arc::new(document), &kind, "v2").is_none());
    }
}
