//! Reads `status.conditions`, and the generations that they are about.
//!
//! No function here trusts the object. A text or a count that is missing, or has another type, reads as an empty text or
//! 0; a generation that cannot be read is never the latest one.

use serde_json::Value;

/// The condition of the type `kind` in an object's `status.conditions`.
pub fn condition<'v>(object: &'v Value, kind: &str) -> Option<&'v Value> {
    let all = object.pointer("/status/conditions").and_then(Value::as_array)?;
    all.iter().find(|condition| text(condition, "type") == kind)
}

/// Whether a condition is about the latest generation. One that names no generation counts as current.
pub fn is_current(object: &Value, condition: &Value) -> bool {
    is_seen(object, condition).unwrap_or(true)
}

/// Whether the controller has not seen the latest generation yet.
pub fn is_behind(object: &Value) -> bool {
    object.get("status").and_then(|status| is_seen(object, status)) == Some(false)
}

/// What stands under `status.observedGeneration`, where that is no number.
pub fn strange_generation(object: &Value) -> Option<&Value> {
    let seen = object.pointer("/status/observedGeneration").filter(|seen| !seen.is_null());
    seen.filter(|seen| number(seen).is_none())
}

/// Whether the latest generation was seen, by the `observedGeneration` beside a status; `None` where there is none.
fn is_seen(object: &Value, beside: &Value) -> Option<bool> {
    let seen = beside.get("observedGeneration").filter(|seen| !seen.is_null())?;
    Some(number(seen).is_some_and(|seen| seen >= count(object, "/metadata/generation")))
}

/// A condition in words: `Ready is False, DoesNotExist: the issuer is missing`.
pub fn said(condition: &Value) -> String {
    let mut out = format!("{} is {}", text(condition, "type"), status(condition));
    let (reason, message) = (text(condition, "reason"), text(condition, "message"));
    if !reason.is_empty() {
        out.push_str(", ");
        out.push_str(reason);
    }
    if !message.is_empty() {
        out.push_str(": ");
        out.push_str(message.trim());
    }
    out
}

/// The status of a condition: `True`, `False` or `Unknown`. Custom resources may write it as a truth value.
pub fn status(condition: &Value) -> &str {
    match condition.get("status") {
        Some(Value::Bool(true)) => "True",
        Some(Value::Bool(false)) => "False",
        other => other.and_then(Value::as_str).unwrap_or_default(),
    }
}

/// A whole number, which custom resources may write as a text or with a decimal point.
fn number(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        #[expect(clippy::cast_possible_truncation, reason = "only whole numbers are let through")]
        other => other
            .as_i64()
            .or_else(|| other.as_f64().filter(|number| number.fract() == 0.0).map(|number| number as i64)),
    }
}

/// The text under a key; empty where there is none.
pub fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The whole number at a JSON pointer; 0 where there is none.
pub fn count(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_generation_of_another_type_is_not_taken_for_a_missing_one() {
        let object =
            |seen: Value| json!({"metadata": {"generation": 2}, "status": {"observedGeneration": seen}});
        for seen in [json!(2), json!("2"), json!(2.0), json!(3), Value::Null] {
            assert!(!is_behind(&object(seen.clone())), "{seen}");
            assert!(is_current(&object(Value::Null), &json!({"observedGeneration": seen})), "{seen}");
            assert_eq!(strange_generation(&object(seen)), None);
        }
        for seen in [json!(1), json!("1"), json!("two"), json!(true), json!([2]), json!({}), json!(1.5)] {
            assert!(is_behind(&object(seen.clone())), "{seen}");
            assert!(!is_current(&object(Value::Null), &json!({"observedGeneration": seen})), "{seen}");
        }
        assert_eq!(strange_generation(&object(json!("two"))), Some(&json!("two")));
        assert!(!is_behind(&json!({"metadata": {"generation": 2}})));
    }
}
