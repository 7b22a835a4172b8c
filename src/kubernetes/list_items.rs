//! Which keys identify the items of Kubernetes' lists, and how a path names an item.
//!
//! The server's own keys are in its schema. To show a difference, and to match the items of two lists, the
//! usual keys are enough.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::resource::NAMING_KEYS;

/// Sets of keys that may identify the items of a list, the most usual first.
const ITEM_KEYS: &[&[&str]] = &[
    &["name"],
    &["mountPath"],
    &["devicePath"],
    &["containerPort"],
    &["containerPort", "protocol"],
    &["port"],
    &["port", "protocol"],
    &["ip"],
    &["key"],
    &["type"],
    &["uid"],
    &["topologyKey"],
    &["host"],
];

/// The value of a key that the server fills in where an item does not say it: Kubernetes has one such key, the protocol
/// of a port.
pub fn default_of_key(key: &str) -> Option<&'static str> {
    (key == "protocol").then_some("TCP")
}

/// The first set of keys that identifies every item in each of both lists; `None` where no set does, and for
/// two empty lists.
pub fn item_keys(before: &[Value], after: &[Value]) -> Option<&'static [&'static str]> {
    if before.is_empty() && after.is_empty() {
        return None;
    }
    ITEM_KEYS.iter().copied().find(|keys| [before, after].into_iter().all(|list| tell_apart(list, keys)))
}

fn tell_apart(list: &[Value], keys: &[&str]) -> bool {
    let mut seen = BTreeSet::new();
    list.iter().all(|item| {
        let has_keys = keys.iter().all(|key| item.get(key).is_some_and(is_name));
        has_keys && seen.insert(name_of(item, keys))
    })
}

fn is_name(value: &Value) -> bool {
    value.is_string() || value.is_number() || value.is_boolean()
}

/// The name of an item in a path, as keys and their values. The value of a single key is written without the
/// key (`containers[registry]`), unless a path would not find the item without it.
pub fn name_of(item: &Value, keys: &[&str]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match keys {
        [key] if NAMING_KEYS.contains(key) && item.get(key).is_some_and(Value::is_string) => {
            vec![(String::new(), item.get(key).map(text).unwrap_or_default())]
        }
        _ => {
            keys.iter().map(|key| ((*key).to_owned(), item.get(key).map(text).unwrap_or_default())).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_that_a_path_does_not_look_for_is_named() {
        let hosts = [json!({"host": "a"}), json!({"host": "b"})];
        let keys = item_keys(&hosts, &[]).unwrap();
        assert_eq!(name_of(&hosts[0], keys), [("host".to_owned(), "a".to_owned())]);
        let containers = [json!({"name": "web"})];
        let keys = item_keys(&containers, &[]).unwrap();
        assert_eq!(name_of(&containers[0], keys), [(String::new(), "web".to_owned())]);
        assert_eq!(item_keys(&[json!({"name": "a"}), json!({"name": "a"})], &[]), None);
    }
}
