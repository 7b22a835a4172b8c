//! Lists whose items are owned one by one: our items in what is sent and in what is there.

use serde_json::Value;

use crate::resource::{FieldSet, NAMING_KEYS, Segment, has_keys};

/// An item that we own.
#[derive(Debug)]
pub(super) struct Item<'a> {
    /// The fields of it that we own.
    pub(super) fields: &'a FieldSet,
    /// The item as it is sent.
    pub(super) sent: &'a Value,
    /// The item as it is there.
    pub(super) live: &'a Value,
}

type Keys = Vec<(String, String)>;

/// Pairs the items that we own with those that are sent, one to one. `None` where that is not clear, or where
/// our items are there in another order than they are sent in.
///
/// The order counts: whoever changes the order of our items takes no field from us, and the next apply restores
/// it.
pub(super) fn pair<'a>(fields: &'a FieldSet, sent: &'a [Value], live: &'a [Value]) -> Option<Vec<Item<'a>>> {
    let owned = with_named_keys(fields, sent, live)?;
    if owned.len() != sent.len() {
        return None;
    }
    let mut places = Vec::with_capacity(owned.len());
    for (keys, fields) in &owned {
        let exact = only_one(sent, |item| has_keys(item, keys));
        // Keys that the server fills in (a port's protocol) may be missing in what is sent.
        let place = exact.or_else(|| only_one(sent, |item| may_have_keys(item, keys)))?;
        places.push((place, only_one(live, |item| has_keys(item, keys))?, *fields));
    }
    places.sort_by_key(|(place, ..)| *place);
    let ascends = places.windows(2).all(|two| match two {
        [(sent_a, live_a, _), (sent_b, live_b, _)] => sent_a < sent_b && live_a < live_b,
        _ => true,
    });
    if !ascends {
        return None;
    }
    places
        .into_iter()
        .map(|(at, there, fields)| Some(Item { fields, sent: sent.get(at)?, live: live.get(there)? }))
        .collect()
}

/// The items with the names of their keys. A path leaves out the name of the most usual single keys; which one
/// is meant must be clear from the lists themselves.
fn with_named_keys<'a>(
    fields: &'a FieldSet,
    sent: &[Value],
    live: &[Value],
) -> Option<Vec<(Keys, &'a FieldSet)>> {
    let owned: Vec<(&Keys, &FieldSet)> = fields
        .children
        .iter()
        .map(|(segment, below)| match segment {
            Segment::Item(keys) => Some((keys, below)),
            Segment::Key(_) | Segment::Index(_) => None,
        })
        .collect::<Option<_>>()?;
    let is_unnamed = |keys: &Keys| matches!(keys.as_slice(), [(key, _)] if key.is_empty());
    let all_plain = sent.iter().chain(live).all(|item| !item.is_object() && !item.is_array());
    if all_plain || !owned.iter().any(|(keys, _)| is_unnamed(keys)) {
        return Some(owned.into_iter().map(|(keys, below)| (keys.clone(), below)).collect());
    }
    let with = |key: &str| -> Option<Vec<(Keys, &'a FieldSet)>> {
        let named = owned.iter().map(|(keys, below)| match keys.as_slice() {
            [(none, text)] if none.is_empty() => Some((vec![(key.to_owned(), text.clone())], *below)),
            _ => None,
        });
        let named: Vec<_> = named.collect::<Option<_>>()?;
        let is_there = |list: &[Value]| {
            named.iter().all(|(keys, _)| only_one(list, |item| has_keys(item, keys)).is_some())
        };
        (is_there(sent) && is_there(live)).then_some(named)
    };
    let mut fitting = NAMING_KEYS.iter().filter_map(|key| with(key));
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

fn may_have_keys(item: &Value, keys: &Keys) -> bool {
    item.is_object()
        && keys.iter().all(|(key, text)| {
            item.get(key).is_none() || has_keys(item, std::slice::from_ref(&(key.clone(), text.clone())))
        })
}

/// The position of the item that fits, where exactly one does.
fn only_one(list: &[Value], fits: impl Fn(&Value) -> bool) -> Option<usize> {
    let mut fitting = list.iter().enumerate().filter(|(_, item)| fits(item)).map(|(place, _)| place);
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

/// Whether the structure of what is sent is in what is there: our items are in the order in which they are sent,
/// and no empty list or map is sent that is not there.
///
/// The server may not store an empty list or map, and still see a difference to the stored object: the apply
/// changes nothing that anybody sees, but it writes. It does so for custom resources, for a `NetworkPolicy` (whose
/// registry compares with Go's `reflect.DeepEqual`), and for any kind that several managers apply. Which case it
/// is cannot be known from here.
pub(super) fn contains_structure(fields: &FieldSet, sent: &Value, live: &Value) -> bool {
    match (sent, live) {
        (Value::Array(sent), Value::Array(live)) if has_items(fields) => pair(fields, sent, live)
            .is_some_and(|items| {
                items.iter().all(|item| contains_structure(item.fields, item.sent, item.live))
            }),
        (Value::Array(sent), Value::Array(live)) => {
            let not_owned = FieldSet::default();
            sent.len() == live.len()
                && sent.iter().zip(live).all(|(sent, live)| contains_structure(&not_owned, sent, live))
        }
        (Value::Object(sent), Value::Object(live)) => {
            let not_owned = FieldSet::default();
            sent.iter().all(|(key, sent)| {
                let below = fields.children.get(&Segment::Key(key.clone())).unwrap_or(&not_owned);
                live.get(key)
                    .map_or_else(|| !has_something_empty(sent), |live| contains_structure(below, sent, live))
            })
        }
        _ => true,
    }
}

fn has_something_empty(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty() || map.values().any(has_something_empty),
        Value::Array(list) => list.is_empty() || list.iter().any(has_something_empty),
        _ => false,
    }
}

fn has_items(fields: &FieldSet) -> bool {
    fields.children.keys().any(|segment| !matches!(segment, Segment::Key(_)))
}
