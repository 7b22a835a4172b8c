//! Takes out of an object what nobody may see, and leaves the fields that held it.
//!
//! Whatever is stored of an object goes through here. Which fields there are stays: without that, a secret
//! that is no longer sent would go unnoticed.

use std::collections::BTreeSet;

use serde_json::Value;

use super::FieldPath;

/// Stands in a stored object where a value was taken out.
pub const WITHHELD: &str = "(sensitive)";

/// Takes every value out that stands at one of these paths or below it; the paths of what was taken out. A
/// `null` and an empty map or list hold nothing, and stay.
pub fn withhold<'p>(
    object: &mut Value,
    secrets: impl IntoIterator<Item = &'p FieldPath>,
) -> BTreeSet<FieldPath> {
    let mut withheld = BTreeSet::new();
    for path in secrets {
        if let Some(secret) = path.get_mut(object) {
            blank(secret, path, &mut withheld);
        }
    }
    withheld
}

fn blank(secret: &mut Value, path: &FieldPath, withheld: &mut BTreeSet<FieldPath>) {
    match secret {
        Value::Null => {}
        Value::Object(map) => {
            map.iter_mut().for_each(|(key, below)| blank(below, &path.key(key.as_str()), withheld));
        }
        Value::Array(items) => {
            items.iter_mut().enumerate().for_each(|(at, item)| blank(item, &path.index(at), withheld));
        }
        value => {
            *value = Value::from(WITHHELD);
            withheld.insert(path.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> FieldPath {
        text.parse().unwrap()
    }

    #[test]
    fn values_go_and_their_fields_stay() {
        let mut object = json!({"a": {"b": ["x", 1, null, {}], "c": true}, "d": "open"});
        let withheld = withhold(&mut object, [&path("a"), &path("a.c"), &path("missing")]);
        let gone = json!({"a": {"b": [WITHHELD, WITHHELD, null, {}], "c": WITHHELD}, "d": "open"});
        assert_eq!(object, gone);
        assert_eq!(withheld, [path("a.b[0]"), path("a.b[1]"), path("a.c")].into());
    }
}
