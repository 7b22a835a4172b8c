//! What we own of a part of an object, and where an owned field stands in what is sent.

use serde_json::Value;

use crate::kubernetes::list_items::default_of_key;
use crate::resource::{FieldPath, FieldSet, Segment, has_keys};

/// What we own of a part of an object.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owned<'a> {
    /// Nothing in the whole object: it was not made by us, or not in a way that the server keeps in mind.
    Unknown,
    /// These fields.
    Fields(&'a FieldSet),
    /// All of it, as one value.
    Whole,
    /// Nothing of this part.
    Nothing,
}

impl Owned<'_> {
    /// Whether what is there is what the server made of our last write, as far as can be known: nobody else has
    /// written it since.
    pub(super) fn is_as_written(self) -> bool {
        match self {
            Self::Unknown | Self::Whole => true,
            Self::Fields(fields) => fields.owned,
            Self::Nothing => false,
        }
    }

    /// What we own below this key.
    pub(super) fn key(self, key: &str) -> Self {
        self.below(|segment| matches!(segment, Segment::Key(name) if name == key))
    }

    /// What we own of this item of a list.
    pub(super) fn item(self, item: &Value) -> Self {
        let alone = Value::Array(vec![item.clone()]);
        self.below(|segment| !matches!(segment, Segment::Key(_)) && segment.step(&alone).is_some())
    }

    fn below(self, is_it: impl Fn(&Segment) -> bool) -> Self {
        let Self::Fields(fields) = self else { return self };
        match fields.children.iter().find(|(segment, _)| is_it(segment)) {
            Some((_, below)) => Self::Fields(below),
            None if fields.owned && fields.children.is_empty() => Self::Whole,
            None => Self::Nothing,
        }
    }
}

/// The value of an owned field in what is sent. The server names an item by all of its keys, and some of them (the
/// protocol of a port) are often not sent.
pub(in crate::plan) fn find<'v>(sent: &'v Value, path: &FieldPath) -> Option<&'v Value> {
    path.segments().iter().try_fold(sent, |at, segment| {
        segment.step(at).or_else(|| match (segment, at) {
            (Segment::Item(keys), Value::Array(items)) => items.iter().find(|item| may_have(item, keys)),
            _ => None,
        })
    })
}

fn may_have(item: &Value, keys: &[(String, String)]) -> bool {
    let has = |key: &(String, String)| has_keys(item, std::slice::from_ref(key));
    let may_be_filled_in = |(key, value): &(String, String)| {
        item.get(key).is_none() && default_of_key(key).is_none_or(|default| default == value)
    };
    item.is_object() && keys.iter().any(has) && keys.iter().all(|key| may_be_filled_in(key) || has(key))
}
