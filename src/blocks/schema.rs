//! How a type becomes the JSON Schema of its block.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The schema of a block's type (draft 2020-12).
///
/// TOML has no null. So the alternative `null` of an `Option` is removed: it would only confuse readers of
/// messages and of the reference.
pub(super) fn of<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    without_null(&mut schema);
    schema
}

fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.get("default").is_some_and(Value::is_null) {
                map.remove("default");
            }
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            without_null_alternative(map);
            map.values_mut().for_each(without_null);
        }
        Value::Array(list) => list.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// `anyOf: [X, null]` is X, beside what else the schema says.
fn without_null_alternative(map: &mut Map<String, Value>) {
    let Some(Value::Array(alternatives)) = map.get_mut("anyOf") else { return };
    alternatives.retain(|alternative| *alternative != json!({"type": "null"}));
    let [Value::Object(only)] = alternatives.as_slice() else { return };
    let only = only.clone();
    map.remove("anyOf");
    for (keyword, value) in only {
        map.entry(keyword).or_insert(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct Inner {
        a: Option<u8>,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct Outer {
        /// What it is for.
        inner: Option<Inner>,
    }

    #[test]
    fn an_option_is_not_null_in_toml() {
        let schema = of::<Outer>();
        assert!(!schema.to_string().contains("null"), "{schema:#}");
        assert_eq!(schema["properties"]["inner"]["$ref"], "#/$defs/Inner");
        assert_eq!(schema["properties"]["inner"]["description"], "What it is for.");
        assert_eq!(schema["$defs"]["Inner"]["properties"]["a"]["type"], "integer");
    }
}
