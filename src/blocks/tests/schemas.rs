//! The schemas of all types of blocks.

use super::*;

#[test]
fn every_key_of_every_block_is_documented() {
    fn keys(at: &str, schema: &Value, naked: &mut Vec<String>) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (key, below) in properties {
                if below.get("description").is_none() {
                    naked.push(format!("{at}.{key}"));
                }
            }
        }
        match schema {
            Value::Object(map) => {
                map.iter().for_each(|(key, below)| keys(&format!("{at}/{key}"), below, naked));
            }
            Value::Array(list) => list.iter().for_each(|below| keys(at, below, naked)),
            _ => {}
        }
    }
    for block in schemas() {
        let mut naked = Vec::new();
        keys(block.kind, &block.schema, &mut naked);
        // The choices of `SecretSource` are described beside their key.
        naked.retain(|key| !key.contains("/oneOf."));
        assert_eq!(naked, Vec::<String>::new());
        assert!(block.schema.get("description").is_some());
    }
}

#[test]
fn the_schemas_are_as_documented() {
    let mut all: serde_json::Map<String, Value> =
        schemas().into_iter().map(|block| (block.kind.to_owned(), block.schema)).collect();
    // Types of the configuration's own are shown where it shows them.
    for schema in all.values_mut() {
        if let Some(defs) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
            defs.retain(|name, _| name != "SecretSource" && name != "Generate");
        }
    }
    insta::assert_snapshot!("schemas", serde_json::to_string_pretty(&all).unwrap());
}
