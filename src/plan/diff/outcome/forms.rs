//! The forms in which a server stores what is sent.

use jiff::Timestamp;
use serde_json::{Number, Value};

use crate::kubernetes::encoded_bytes::decode;
use crate::kubernetes::openapi::{FieldSchema, ValueForm};
use crate::kubernetes::quantity;

/// Whether the server would store what is sent as what is there.
pub(super) fn is_same(live: &Value, sent: &Value, schema: Option<FieldSchema<'_>>) -> bool {
    live == sent
        || stored(sent, schema) == stored(live, schema)
        || (form(schema) == ValueForm::Encoded && is_same_encoded(live, sent))
}

/// What the server makes of a value of which nothing is there yet.
pub(super) fn stored(sent: &Value, schema: Option<FieldSchema<'_>>) -> Value {
    match sent {
        Value::Number(number) => as_quantity(sent, schema).unwrap_or_else(|| Value::Number(whole(number))),
        Value::String(_) => as_quantity(sent, schema).unwrap_or_else(|| sent.clone()),
        Value::Array(items) => {
            let below = schema.and_then(FieldSchema::item);
            items.iter().map(|item| stored(item, below)).collect()
        }
        Value::Object(map) => {
            let fields =
                map.iter().map(|(key, value)| (key, value, schema.and_then(|schema| schema.field(key))));
            let is_kept = |value: &Value, below: Option<FieldSchema<'_>>| {
                !value.is_null() || below.is_some_and(FieldSchema::is_nullable)
            };
            let kept = fields.filter(|(_, value, below)| is_kept(value, *below));
            Value::Object(kept.map(|(key, value, below)| (key.clone(), stored(value, below))).collect())
        }
        Value::Null | Value::Bool(_) => sent.clone(),
    }
}

/// The value with every number in the server's form.
pub(super) fn whole_numbers(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(whole(number)),
        Value::Array(items) => items.iter().map(whole_numbers).collect(),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (key.clone(), whole_numbers(value))).collect())
        }
        other => other.clone(),
    }
}

/// Whether the value says no more than a field that is left out: nothing, no, zero, empty.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

fn form(schema: Option<FieldSchema<'_>>) -> ValueForm {
    schema.map_or(ValueForm::Any, FieldSchema::form)
}

fn as_quantity(value: &Value, schema: Option<FieldSchema<'_>>) -> Option<Value> {
    (form(schema) == ValueForm::Quantity).then(|| quantity::canonical(value).map(Value::from)).flatten()
}

/// `1.0e3` is the number 1000.
#[expect(clippy::cast_possible_truncation, reason = "it is a whole number within the range")]
fn whole(number: &Number) -> Number {
    /// Up to here every whole number has a form of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64().filter(|value| number.is_f64() && value.fract() == 0.0 && value.abs() <= EXACT) {
        Some(value) => Number::from(value as i64),
        None => number.clone(),
    }
}

fn is_same_encoded(live: &Value, sent: &Value) -> bool {
    let (Some(live), Some(sent)) = (live.as_str(), sent.as_str()) else { return false };
    let moments = (live.parse::<Timestamp>(), sent.parse::<Timestamp>());
    if let (Ok(live), Ok(sent)) = moments {
        return live == sent;
    }
    let bytes = decode(live);
    bytes.is_some() && bytes == decode(sent)
}
