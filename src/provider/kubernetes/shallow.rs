//! Objects of which only the upper levels are read: enough for their names, owners and conditions. However deep one of
//! them is nested, it does not get in the way of the others.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Number, Value};

/// The levels that are read. The JSON reader itself goes no deeper than 127, lists and events around them included.
const LEVELS: usize = 100;

/// An object in which null stands for what is nested deeper than [`LEVELS`].
#[derive(Debug, Clone)]
pub(super) struct Shallow(pub(super) Value);

impl<'de> Deserialize<'de> for Shallow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Level(LEVELS).deserialize(deserializer).map(Self)
    }
}

/// A value, and how many levels of it are read.
#[derive(Clone, Copy)]
struct Level(usize);

impl Level {
    fn below(self) -> Self {
        Self(self.0 - 1)
    }
}

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.0 == 0 {
            // The JSON reader skips a value without going into it.
            return IgnoredAny::deserialize(deserializer).map(|_| Value::Null);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.below())? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            map.insert(key, entries.next_value_seed(self.below())?);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_deep_is_left_out_and_the_rest_is_read() {
        let deep = format!("{}1{}", "[".repeat(9000), "]".repeat(9000));
        let text =
            format!(r#"{{"metadata": {{"name": "a", "n": 1.5}}, "spec": {deep}, "status": {{"ok": true}}}}"#);
        let Shallow(object) = serde_json::from_str(&text).unwrap();
        assert_eq!(object["metadata"], json!({"name": "a", "n": 1.5}));
        assert_eq!(object["status"], json!({"ok": true}));
        let mut spec = &object["spec"];
        let mut depth = 0;
        while let Some(below) = spec.get(0) {
            (spec, depth) = (below, depth + 1);
        }
        assert_eq!((depth, spec), (LEVELS - 1, &Value::Null));
    }
}
