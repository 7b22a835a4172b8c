//! Lays what is sent over what is there, and keeps what is there where both say the same.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::forms::{is_empty, is_same, stored};
use super::owned::Owned;
use crate::kubernetes::atomic;
use crate::kubernetes::list_items::item_keys;
use crate::kubernetes::openapi::{FieldSchema, ListForm};

/// Numbers that the server chooses where they are zero.
const ALLOCATED: &[&str] = &["healthCheckNodePort", "nodePort"];

/// How an object is merged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Merge {
    /// Whether it is known what was sent the last time.
    pub(super) is_recorded: bool,
    /// Whether it is a kind of Kubernetes itself: those do not store empty values.
    pub(super) is_builtin: bool,
}

/// One field of what is sent.
#[derive(Debug, Clone, Copy)]
struct Field<'a> {
    sent: &'a Value,
    /// What was sent the last time.
    earlier: Option<&'a Value>,
    owned: Owned<'a>,
    schema: Option<FieldSchema<'a>>,
    /// Whether it is a part of a value that has one owner.
    is_part: bool,
    /// Whether it is one value itself, by its name, where there is no schema.
    is_atomic_by_name: bool,
    /// Whether zero leaves the choice to the server.
    is_allocated: bool,
}

impl Merge {
    /// The whole object.
    pub(super) fn object(
        self,
        live: &Value,
        sent: &Value,
        earlier: Option<&Value>,
        owned: Owned<'_>,
        schema: Option<FieldSchema<'_>>,
    ) -> Value {
        let root = Field {
            sent,
            earlier,
            owned,
            schema,
            is_part: false,
            is_atomic_by_name: false,
            is_allocated: false,
        };
        match (live, sent) {
            (Value::Object(live), Value::Object(sent)) => {
                let mut result = self.map(live, sent, root);
                // The metadata of a custom resource are stored like those of any other object.
                if let (Some(there), Some(new)) = (live.get("metadata"), sent.get("metadata")) {
                    let typed = Self { is_builtin: true, ..self };
                    if let Some(metadata) = typed.value(Some(there), root.key("metadata", new)) {
                        result.insert("metadata".to_owned(), metadata);
                    }
                }
                Value::Object(result)
            }
            _ => sent.clone(),
        }
    }

    /// The field afterwards; `None` where it is not there.
    fn value(self, live: Option<&Value>, field: Field<'_>) -> Option<Value> {
        match (live, field.sent) {
            (None, sent) => (!self.is_left_out(field)).then(|| stored(sent, field.schema)),
            (Some(live), Value::Null) => (live.is_null() || self.is_as_before(field)).then(|| live.clone()),
            (Some(Value::Object(live)), Value::Object(sent)) => {
                Some(Value::Object(self.map(live, sent, field)))
            }
            (Some(Value::Array(live)), Value::Array(sent)) => {
                Some(Value::Array(self.list(live, sent, field)))
            }
            (Some(live), sent) if is_same(live, sent, field.schema) || self.is_filled_in(field) => {
                Some(live.clone())
            }
            (Some(_), sent) => Some(stored(sent, field.schema)),
        }
    }

    /// Whether the same was sent before, so that what is there is what the server makes of it.
    fn is_as_before(self, field: Field<'_>) -> bool {
        if self.is_recorded { field.earlier == Some(field.sent) } else { field.owned.is_as_written() }
    }

    /// Whether the server stores nothing for it.
    fn is_left_out(self, field: Field<'_>) -> bool {
        let is_stored_empty = !self.is_builtin && !field.sent.is_null();
        if !is_empty(field.sent) || is_stored_empty {
            return false;
        }
        match field.sent {
            Value::Null | Value::Array(_) => true,
            // A struct of its own is stored; one that is always there, and a map, is not.
            Value::Object(_) => {
                let is_struct = |schema: FieldSchema<'_>| !schema.is_free_map() && schema.default().is_none();
                self.is_as_before(field) || !field.schema.is_some_and(is_struct)
            }
            _ => self.is_as_before(field),
        }
    }

    /// Whether an empty value is sent, in place of which the server has filled in one.
    fn is_filled_in(self, field: Field<'_>) -> bool {
        let is_open = match field.sent {
            Value::String(text) => text.is_empty() && field.schema.is_some(),
            number => field.is_allocated && number.as_f64() == Some(0.0),
        };
        self.is_builtin && is_open && !field.is_part && self.is_as_before(field)
    }

    fn map(
        self,
        live: &Map<String, Value>,
        sent: &Map<String, Value>,
        field: Field<'_>,
    ) -> Map<String, Value> {
        let mut result = live.clone();
        for (key, value) in sent {
            match self.value(live.get(key), field.key(key, value)) {
                Some(value) => drop(result.insert(key.clone(), value)),
                None => drop(result.remove(key)),
            }
        }
        if field.is_one_value() {
            result.retain(|key, _| sent.contains_key(key) || !field.loses(key));
        }
        result
    }

    fn list(self, live: &[Value], sent: &[Value], field: Field<'_>) -> Vec<Value> {
        match field.list_form(live, sent) {
            ListForm::Keys(keys) => self.keyed(live, sent, &keys, field),
            ListForm::Set => {
                let new = sent.iter().filter(|item| !live.contains(item));
                live.iter().chain(new).cloned().collect()
            }
            ListForm::Atomic => self.one_by_one(live, sent, field),
        }
    }

    fn keyed(self, live: &[Value], sent: &[Value], keys: &[&str], field: Field<'_>) -> Vec<Value> {
        let name = |item: &Value| keys.iter().map(|key| item.get(key).cloned()).collect::<Vec<_>>();
        let mut result = live.to_vec();
        for item in sent {
            let below = field.item(item, |earlier| name(earlier) == name(item));
            match result.iter_mut().find(|old| name(old) == name(item)) {
                Some(old) => *old = self.value(Some(old), below).unwrap_or_default(),
                None => result.push(filled_in(stored(item, below.schema), live, sent, &name, field)),
            }
        }
        result
    }

    /// A list that is one value: each item stays as it is there, where it says the same as one that is sent.
    fn one_by_one(self, live: &[Value], sent: &[Value], field: Field<'_>) -> Vec<Value> {
        if !self.is_recorded && !field.owned.is_as_written() {
            return sent.iter().map(|item| stored(item, field.item(item, |_| false).schema)).collect();
        }
        let mut taken = BTreeSet::new();
        let mut result = Vec::with_capacity(sent.len());
        for (at, item) in sent.iter().enumerate() {
            let below = field.item_at(at, item);
            let says_the_same = |place: &usize| {
                live.get(*place).is_some_and(|old| self.value(Some(old), below).as_ref() == Some(old))
            };
            let places = [at].into_iter().chain(0..live.len()).filter(|place| !taken.contains(place));
            let same = places.clone().find(says_the_same);
            let place = same.or_else(|| (live.len() == sent.len() && !taken.contains(&at)).then_some(at));
            let old = place.and_then(|place| live.get(place));
            taken.extend(place);
            result.extend(
                old.map_or_else(|| Some(stored(item, below.schema)), |old| self.value(Some(old), below)),
            );
        }
        result
    }
}

/// A new item, with what the server has filled in for the item that it takes the place of: the one of the same name,
/// but with another key, such as a port with another number.
fn filled_in(
    mut new: Value,
    live: &[Value],
    sent: &[Value],
    name: &impl Fn(&Value) -> Vec<Option<Value>>,
    field: Field<'_>,
) -> Value {
    let is_called_so = |old: &&Value| old.get("name").is_some() && old.get("name") == new.get("name");
    let goes = |old: &&Value| !sent.iter().any(|item| name(item) == name(old));
    let Some(old) = live.iter().find(|old| is_called_so(old) && goes(old)) else { return new };
    let (owned, old_map) = (field.owned.item(old), old.as_object());
    for (key, value) in old_map.into_iter().flatten().filter(|(key, _)| !owned.key(key).is_as_written()) {
        // Where nothing else is said, a Service sends to the port of the same number.
        let follows_port = key == "targetPort" && old.get("port") == Some(value);
        let value = if follows_port { new.get("port").cloned() } else { Some(value.clone()) };
        if let (Some(map), Some(value)) = (new.as_object_mut(), value) {
            map.entry(key.clone()).or_insert(value);
        }
    }
    new
}

impl<'a> Field<'a> {
    fn key(self, key: &str, sent: &'a Value) -> Self {
        Self {
            sent,
            earlier: self.earlier.and_then(|earlier| earlier.get(key)),
            owned: self.owned.key(key),
            schema: self.schema.and_then(|schema| schema.field(key)),
            is_part: self.is_one_value(),
            is_atomic_by_name: atomic::MAPS.contains(&key),
            is_allocated: ALLOCATED.contains(&key),
        }
    }

    fn item(self, sent: &'a Value, is_it: impl Fn(&Value) -> bool) -> Self {
        let earlier = self.earlier.and_then(Value::as_array);
        Self {
            earlier: earlier.and_then(|items| items.iter().find(|item| is_it(item))),
            ..self.below_list(sent)
        }
    }

    fn item_at(self, at: usize, sent: &'a Value) -> Self {
        let earlier = self.earlier.and_then(Value::as_array);
        Self { earlier: earlier.and_then(|items| items.get(at)), is_part: true, ..self.below_list(sent) }
    }

    fn below_list(self, sent: &'a Value) -> Self {
        Self {
            sent,
            owned: self.owned.item(sent),
            schema: self.schema.and_then(FieldSchema::item),
            is_part: self.is_part,
            is_atomic_by_name: false,
            is_allocated: false,
            ..self
        }
    }

    /// Whether it is one value, or a part of one.
    fn is_one_value(self) -> bool {
        self.is_part || self.schema.map_or(self.is_atomic_by_name, FieldSchema::is_atomic_map)
    }

    /// Whether a key of a value with one owner goes when it is not sent: one that was sent before, and any key of a
    /// map with free keys. What else is there was filled in by the server.
    fn loses(self, key: &str) -> bool {
        let was_sent = self.earlier.is_some_and(|earlier| earlier.get(key).is_some());
        was_sent || self.schema.is_some_and(FieldSchema::is_free_map)
    }

    fn list_form(self, live: &'a [Value], sent: &'a [Value]) -> ListForm<'a> {
        match self.schema {
            _ if self.is_part => ListForm::Atomic,
            Some(schema) => schema.list_form(),
            None => item_keys(live, sent).map_or(ListForm::Atomic, |keys| ListForm::Keys(keys.to_vec())),
        }
    }
}
