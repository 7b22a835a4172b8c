//! A write laid over an object, without a regard to what the server makes of it.

use serde_json::{Map, Value};

use crate::kubernetes::list_items::{item_keys, name_of};

/// The live object with the sent fields: maps key by key, lists with keys item by item, all other lists as a
/// whole; `null` removes a field.
pub(in crate::plan) fn overlay(live: &Value, sent: &Value) -> Value {
    match (live, sent) {
        (Value::Object(live), Value::Object(sent)) => Value::Object(overlay_map(live, sent)),
        (Value::Array(live), Value::Array(sent)) => overlay_list(live, sent),
        _ => sent.clone(),
    }
}

fn overlay_map(live: &Map<String, Value>, sent: &Map<String, Value>) -> Map<String, Value> {
    let mut result = live.clone();
    for (key, value) in sent {
        if value.is_null() {
            result.remove(key);
            continue;
        }
        let merged = live.get(key).map_or_else(|| value.clone(), |old| overlay(old, value));
        result.insert(key.clone(), merged);
    }
    result
}

fn overlay_list(live: &[Value], sent: &[Value]) -> Value {
    let Some(keys) = item_keys(live, sent) else { return Value::Array(sent.to_vec()) };
    let mut result = live.to_vec();
    for item in sent {
        let name = name_of(item, keys);
        match result.iter_mut().find(|old| name_of(old, keys) == name) {
            Some(old) => *old = overlay(old, item),
            None => result.push(item.clone()),
        }
    }
    Value::Array(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sent_fields_are_laid_over_the_live_ones() {
        let live = json!({"a": 1, "b": {"x": 1, "y": 2}, "c": [{"name": "p", "v": 1, "w": 2}], "d": [1, 2]});
        let sent = json!({"b": {"x": 3, "y": null}, "c": [{"name": "p", "v": 5}, {"name": "q"}], "d": [3]});
        assert_eq!(
            overlay(&live, &sent),
            json!({"a": 1, "b": {"x": 3}, "c": [{"name": "p", "v": 5, "w": 2}, {"name": "q"}], "d": [3]})
        );
    }
}
