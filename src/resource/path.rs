//! Where in an object: a path of keys, list positions and list items named by their keys.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
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

/// A path into an object, as the plan prints it: `spec.template.spec.containers[registry].image`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FieldPath(Vec<Segment>);

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a field path: {reason}")]
pub struct PathError {
    /// What was read.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl FieldPath {
    /// The whole object.
    pub fn root() -> Self {
        Self::default()
    }

    /// A path of plain keys.
    pub fn keys<'a>(keys: impl IntoIterator<Item = &'a str>) -> Self {
        Self(keys.into_iter().map(|key| Segment::Key(key.to_owned())).collect())
    }

    /// This path and one key more.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.join(Segment::Key(key.into()))
    }

    /// This path and one list position more.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.join(Segment::Index(index))
    }

    /// This path and one step more.
    #[must_use]
    pub fn join(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    /// The steps.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Whether it is just these plain keys.
    pub fn is_keys(&self, keys: &[&str]) -> bool {
        self.0.len() == keys.len() && self.is_below_keys(keys)
    }

    /// Whether it is one of the fields by which an object is known: its version, its kind, its name and its namespace.
    pub fn names_the_object(&self) -> bool {
        [&["apiVersion"][..], &["kind"], &["metadata", "name"], &["metadata", "namespace"]]
            .iter()
            .any(|keys| self.is_keys(keys))
    }

    /// Whether these plain keys lead to it, or to something above it.
    pub fn is_below_keys(&self, keys: &[&str]) -> bool {
        let is_key = |(segment, key): (&Segment, &&str)| matches!(segment, Segment::Key(name) if name == key);
        self.0.len() >= keys.len() && self.0.iter().zip(keys).all(is_key)
    }

    /// Goes one step further, for as long as `inside` takes.
    pub(super) fn within<T>(&mut self, segment: &Segment, inside: impl FnOnce(&mut Self) -> T) -> T {
        self.0.push(segment.clone());
        let result = inside(self);
        self.0.pop();
        result
    }

    /// The path without its last step; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        let (_, rest) = self.0.split_last()?;
        Some(Self(rest.to_vec()))
    }

    /// Whether `self` is `other` or lies above it.
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The value there, if the object has one. A list item is found by the keys that name it.
    pub fn get<'v>(&self, object: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(object, |value, segment| segment.step(value))
    }

    /// Like [`get`](Self::get), to change it.
    pub fn get_mut<'v>(&self, object: &'v mut Value) -> Option<&'v mut Value> {
        self.0.iter().try_fold(object, |value, segment| match segment.slot(value)? {
            Slot::Key(key) => value.get_mut(key),
            Slot::Index(index) => value.get_mut(index),
        })
    }

    /// Takes the value there out of the object, if it has one.
    pub fn remove(&self, object: &mut Value) -> Option<Value> {
        let (step, _) = self.0.split_last()?;
        let parent = self.parent()?.get_mut(object)?;
        let slot = step.slot(parent)?.into_owned();
        match (parent, slot) {
            (Value::Object(map), OwnedSlot::Key(key)) => map.remove(&key),
            (Value::Array(list), OwnedSlot::Index(index)) => Some(list.remove(index)),
            _ => None,
        }
    }

    /// Puts a value there, making the maps on the way; `false` where a list item on the way is missing
    /// or something that is no map stands in the way.
    pub fn set(&self, object: &mut Value, new: Value) -> bool {
        let mut at = object;
        for segment in &self.0 {
            if let Segment::Key(key) = segment {
                if at.is_null() {
                    *at = Value::Object(serde_json::Map::new());
                }
                let Value::Object(map) = at else { return false };
                at = map.entry(key.clone()).or_insert(Value::Null);
                continue;
            }
            let Some(Slot::Index(index)) = segment.slot(at) else { return false };
            let Some(item) = at.get_mut(index) else { return false };
            at = item;
        }
        *at = new;
        true
    }
}

impl FromIterator<Segment> for FieldPath {
    fn from_iter<I: IntoIterator<Item = Segment>>(segments: I) -> Self {
        Self(segments.into_iter().collect())
    }
}

/// Its steps: paths are compared and looked up by them.
impl Borrow<[Segment]> for FieldPath {
    fn borrow(&self) -> &[Segment] {
        &self.0
    }
}

enum Slot<'a> {
    Key(&'a str),
    Index(usize),
}

enum OwnedSlot {
    Key(String),
    Index(usize),
}

impl Slot<'_> {
    fn into_owned(self) -> OwnedSlot {
        match self {
            Self::Key(key) => OwnedSlot::Key(key.to_owned()),
            Self::Index(index) => OwnedSlot::Index(index),
        }
    }
}

impl Segment {
    /// Whether a step as the server names it is the one that a person names: the server gives all keys of an
    /// item, a person often one value alone.
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

    /// Which key or position of this very value the step leads to; `None` where there is none.
    fn slot<'s>(&'s self, value: &Value) -> Option<Slot<'s>> {
        match (self, value) {
            (Self::Key(key), Value::Object(map)) => map.contains_key(key).then_some(Slot::Key(key)),
            (Self::Index(index), Value::Array(list)) => (*index < list.len()).then_some(Slot::Index(*index)),
            (Self::Item(keys), Value::Array(list)) => position(list, keys).map(Slot::Index),
            _ => None,
        }
    }
}

/// Where the item with these keys stands. An empty key name stands for the item itself (sets) or else for
/// the most usual key under which any item has this text: `env[B]` is the variable of that name before it
/// is whatever else has a `key` called `B`.
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

/// Whether an item of a list has all of these keys, each by its name; the empty one stands for the item
/// itself.
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

fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-' || b == b'$')
}

/// What stands between brackets without quotes.
fn is_plain_item(text: &str) -> bool {
    !text.is_empty()
        && !text.bytes().all(|b| b.is_ascii_digit())
        && !text.contains(['[', ']', '"', '=', ',', '\n'])
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) if is_plain(key) => {
                    if i > 0 {
                        f.write_str(".")?;
                    }
                    f.write_str(key)?;
                }
                Segment::Key(key) => write!(f, "[{}]", quoted(key))?,
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Item(keys) => match keys.as_slice() {
                    [(key, text)] if key.is_empty() && is_plain_item(text) => write!(f, "[{text}]")?,
                    _ => {
                        f.write_str("[")?;
                        for (n, (key, text)) in keys.iter().enumerate() {
                            let comma = if n > 0 { "," } else { "" };
                            if text.is_empty() || text.contains(['[', ']', '"', '=', ',']) {
                                write!(f, "{comma}{key}={}", quoted(text))?;
                            } else {
                                write!(f, "{comma}{key}={text}")?;
                            }
                        }
                        f.write_str("]")?;
                    }
                },
            }
        }
        Ok(())
    }
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

impl FromStr for FieldPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let fail = |reason| PathError { text: text.to_owned(), reason };
        let mut segments = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('[') {
                let (segment, after) = bracket(after).map_err(fail)?;
                segments.push(segment);
                rest = after;
                continue;
            }
            if !segments.is_empty() {
                rest = rest.strip_prefix('.').ok_or(fail("a dot is missing"))?;
            }
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            if key.is_empty() {
                return Err(fail("a key is empty"));
            }
            if key.contains([']', '"']) {
                return Err(fail("an odd key stands in brackets and quotes"));
            }
            segments.push(Segment::Key(key.to_owned()));
            rest = after;
        }
        Ok(Self(segments))
    }
}

/// Reads what follows an opening bracket, up to and with the closing one.
fn bracket(text: &str) -> Result<(Segment, &str), &'static str> {
    if text.starts_with('"') {
        let (key, rest) = string(text)?;
        let rest = rest.strip_prefix(']').ok_or("a closing bracket is missing")?;
        return Ok((Segment::Key(key), rest));
    }
    let mut keys = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(['=', ',', ']']).ok_or("a closing bracket is missing")?;
        let (word, after) = rest.split_at(end);
        let (key, value, after) = match after.strip_prefix('=') {
            None => (String::new(), word.to_owned(), after),
            Some(after) if after.starts_with('"') => {
                let (value, after) = string(after)?;
                (word.to_owned(), value, after)
            }
            Some(after) => {
                let end = after.find([',', ']']).ok_or("a closing bracket is missing")?;
                let (value, after) = after.split_at(end);
                (word.to_owned(), value.to_owned(), after)
            }
        };
        if key.is_empty() && value.is_empty() {
            return Err("there is nothing between the brackets");
        }
        keys.push((key, value));
        if let Some(after) = after.strip_prefix(']') {
            return Ok((item_or_index(keys), after));
        }
        rest = after.strip_prefix(',').ok_or("a closing bracket is missing")?;
    }
}

fn item_or_index(keys: Vec<(String, String)>) -> Segment {
    match keys.as_slice() {
        [(key, text)] if key.is_empty() => text.parse().map_or(Segment::Item(keys), Segment::Index),
        _ => Segment::Item(keys),
    }
}

/// Reads a quoted string (JSON's escapes) at the start of a text.
fn string(text: &str) -> Result<(String, &str), &'static str> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let value = stream.next().and_then(Result::ok).ok_or("a quoted key is not closed")?;
    Ok((value, &text[stream.byte_offset()..]))
}

impl From<FieldPath> for String {
    fn from(path: FieldPath) -> Self {
        path.to_string()
    }
}

impl TryFrom<String> for FieldPath {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn path(text: &str) -> FieldPath {
        text.parse().unwrap()
    }

    #[test]
    fn paths_read_back_as_they_are_written() {
        for text in [
            "spec.template.spec.containers[registry].image",
            "metadata.annotations[\"a.b/c\"]",
            "status.loadBalancer.ingress[0].ip",
            "spec.ports[containerPort=80,protocol=TCP].name",
            "data[\"config.yml\"]",
            "metadata.finalizers[=\"a]b\"]",
        ] {
            assert_eq!(path(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in [".a", "a..b", "a[", "a[]", "a[\"x]", "a]", "a[x", "a[k=\"v]"] {
            assert!(text.parse::<FieldPath>().is_err(), "{text}");
        }
    }

    #[test]
    fn items_are_found_by_what_names_them() {
        let object = json!({"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}],
                            "ports": [{"port": 80, "protocol": "TCP"}, {"port": 80, "protocol": "UDP"}]});
        assert_eq!(path("containers[b].image").get(&object), Some(&json!("y")));
        assert_eq!(path("containers[1].image").get(&object), Some(&json!("y")));
        assert_eq!(path("ports[port=80,protocol=UDP]").get(&object), Some(&object["ports"][1]));
        assert_eq!(path("containers[c].image").get(&object), None);
        let odd = json!([{"key": "b", "name": "a"}, {"name": "b"}]);
        assert_eq!(path("[b]").get(&odd), Some(&odd[1]));
    }

    #[test]
    fn values_are_set_and_removed_where_the_path_leads() {
        let mut object = json!({"list": [{"name": "a"}]});
        assert!(path("spec.deep.x").set(&mut object, json!(1)));
        assert!(path("list[a].y").set(&mut object, json!(2)));
        assert!(!path("list[b].y").set(&mut object, json!(2)));
        assert_eq!(object, json!({"list": [{"name": "a", "y": 2}], "spec": {"deep": {"x": 1}}}));
        assert_eq!(path("list[a]").remove(&mut object), Some(json!({"name": "a", "y": 2})));
        assert_eq!(path("spec.deep.z").remove(&mut object), None);
    }
}
