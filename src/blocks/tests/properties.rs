//! What holds for every object.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn odd_objects_never_panic(value in json_value(), secret in "[a-z]{0,3}") {
        let yaml = serde_json::to_string(&json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": value, "stringData": value, "spec": value,
        })).unwrap();
        let _ = found_with("[manifest.m]\npath = '/x'\n", &yaml, &SecretText::Known(secret));
        let toml = toml::to_string(&json!({"resource": {"x": {
            "apiVersion": "v1", "kind": "Secret", "metadata": value, "data": value, "spec": value,
        }}}));
        if let Ok(toml) = toml {
            let _ = found(&toml);
        }
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::from(true)),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,6}"
            .prop_filter("marks are made by the tests' reader", |text| !text.contains('$'))
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let key = prop_oneof![
            Just("name".to_owned()),
            Just("labels".to_owned()),
            Just("resources".to_owned()),
            Just("requests".to_owned()),
            "[a-zA-Z./-]{0,4}"
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}
