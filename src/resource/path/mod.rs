//! Where in an object: a path of keys, list positions and list items named by their keys.

mod segment;
mod text;

use std::borrow::Borrow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use segment::{NAMING_KEYS, Segment, has_keys};
use segment::{OwnedSlot, Slot};
pub use text::PathError;

/// A path into an object, as the plan prints it: `spec.template.spec.containers[registry].image`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FieldPath(Vec<Segment>);

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

    /// This path and all steps of another one behind it.
    #[must_use]
    pub fn join_all(&self, other: &Self) -> Self {
        self.0.iter().chain(&other.0).cloned().collect()
    }

    /// The path as seen from the place that `above` leads to, which must lie above this one.
    #[must_use]
    pub fn seen_from(&self, above: &Self) -> Self {
        self.0.iter().skip(above.0.len()).cloned().collect()
    }

    /// The steps.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Whether it is just these plain keys.
    pub fn is_keys(&self, keys: &[&str]) -> bool {
        self.0.len() == keys.len() && self.is_below_keys(keys)
    }

    /// Whether it is one of the fields that say which object this is: its version, kind, name and namespace.
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

    /// Adds a step, calls `inside`, and removes the step again. A walk through an object needs one path for that, and
    /// copies it only where it keeps it.
    pub(crate) fn within<T>(&mut self, segment: Segment, inside: impl FnOnce(&mut Self) -> T) -> T {
        self.0.push(segment);
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

    /// The same path with list items named by their positions in this object. The name of an item that is not in the
    /// object stays as it is.
    #[must_use]
    pub fn indexed_in(&self, object: &Value) -> Self {
        let mut at = Some(object);
        let placed = self.0.iter().map(|segment| {
            let list = at.and_then(Value::as_array);
            let found = at.and_then(|value| segment.step(value));
            let position = list
                .zip(found)
                .and_then(|(list, found)| list.iter().position(|item| std::ptr::eq(item, found)));
            at = found;
            position.map_or_else(|| segment.clone(), Segment::Index)
        });
        placed.collect()
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

    /// Puts a value there, and makes the maps that lead to it. `false`, and the
    /// value is put nowhere, where a list item on the way is missing, or where a value on the way is no map.
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn path(text: &str) -> FieldPath {
        text.parse().unwrap()
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
