//! One step of a path, and how an item of a list is found by what tells it apart.

use serde_json::Value;

/// One step into an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// A key of a map: `.spec`, `["a.b/c"]`.
    Key(String),
    /// A position in a list, from 0: `[0]`.
    Index(usize),
    /// An item of a list, named by what tells it apart: `[registry]` for one key (which key is known
    /// from the list), `[containerPort=80,protocol=TCP]` for several.
    Item(Vec<(String, String)>),
}

/// Where a step leads in a value that has something there.
pub(super) enum Slot<'a> {
    /// To this key of a map.
    Key(&'a str),
    /// To this position of a list.
    Index(usize),
}

/// The same, without a borrow of the path.
pub(super) enum OwnedSlot {
    Key(String),
    Index(usize),
}

impl Slot<'_> {
    pub(super) fn into_owned(self) -> OwnedSlot {
        match self {
            Self::Key(key) => OwnedSlot::Key(key.to_owned()),
            Self::Index(index) => OwnedSlot::Index(index),
        }
    }
}

impl Segment {
    /// Whether this step, as the server names it, is the step that a person names: the server gives all keys
    /// of an item, a person often one value alone.
    pub fn is_called(&self, named: &Self) -> bool {
        match (self, named) {
            (Self::Item(full), Self::Item(named)) => named.iter().all(|(key, text)| {
                full.iter()
                    .any(|(full_key, full_text)| (key.is_empty() || key == full_key) && text == full_text)
            }),
            _ => self == named,
        }
    }

    /// The value to which the step leads from this one.
    pub fn step<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match (self, value) {
            (Self::Key(key), Value::Object(map)) => map.get(key),
            (Self::Index(index), Value::Array(list)) => list.get(*index),
            (Self::Item(keys), Value::Array(list)) => list.get(position(list, keys)?),
            _ => None,
        }
    }

    /// The key or position of a value to which the step leads; `None` where the value has no such thing.
    pub(super) fn slot<'s>(&'s self, value: &Value) -> Option<Slot<'s>> {
        match (self, value) {
            (Self::Key(key), Value::Object(map)) => map.contains_key(key).then_some(Slot::Key(key)),
            (Self::Index(index), Value::Array(list)) => (*index < list.len()).then_some(Slot::Index(*index)),
            (Self::Item(keys), Value::Array(list)) => position(list, keys).map(Slot::Index),
            _ => None,
        }
    }
}

/// The position of the item with these keys. An empty key name means the item itself (in sets), or else the most
/// usual key under which any item has this text: `env[B]` is first the variable with the `name` B, and only then
/// an item with the `key` B.
fn position(list: &[Value], keys: &[(String, String)]) -> Option<usize> {
    if let [(key, text)] = keys
        && key.is_empty()
    {
        let by_key = |name: &str| {
            list.iter().position(|item| item.get(name).is_some_and(|value| scalar_is(value, text)))
        };
        let itself = list.iter().position(|item| scalar_is(item, text));
        return itself.or_else(|| NAMING_KEYS.iter().find_map(|name| by_key(name)));
    }
    list.iter().position(|item| has_keys(item, keys))
}

/// Whether an item of a list has all of these keys. An empty key name means the item itself.
pub fn has_keys(item: &Value, keys: &[(String, String)]) -> bool {
    keys.iter().all(|(key, text)| {
        let value = if key.is_empty() { Some(item) } else { item.get(key) };
        value.is_some_and(|value| scalar_is(value, text))
    })
}

/// The single keys by which Kubernetes' lists tell their items apart, most usual first: those that a path
/// need not name.
pub const NAMING_KEYS: &[&str] =
    &["name", "mountPath", "containerPort", "port", "ip", "key", "type", "uid", "devicePath"];

fn scalar_is(value: &Value, text: &str) -> bool {
    match value {
        Value::String(string) => string == text,
        Value::Number(number) => number.to_string() == text,
        Value::Bool(flag) => flag.to_string() == text,
        _ => false,
    }
}
