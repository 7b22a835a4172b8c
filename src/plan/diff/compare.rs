//! What differs between two objects, field by field. List items are identified by their keys.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::kubernetes::list_items::{item_keys, name_of};
use crate::kubernetes::server_fields::is_server_field;
use crate::resource::{FieldPath, Segment};

/// A field that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Which field.
    pub path: FieldPath,
    /// Its value in the first object.
    pub before: Option<Value>,
    /// Its value in the second one.
    pub after: Option<Value>,
}

/// Every field that differs, in the order of the keys; fields that only the server sets are left out.
pub fn compare(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(&FieldPath::root(), Some(before), Some(after), &mut found);
    found
}

fn walk(path: &FieldPath, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>) {
    if before == after || is_server_field(path) {
        return;
    }
    match (before, after) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                walk(&path.key(key.as_str()), a.get(key), b.get(key), found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => lists(path, a, b, found),
        _ => found.push(Difference { path: path.clone(), before: before.cloned(), after: after.cloned() }),
    }
}

fn lists(path: &FieldPath, before: &[Value], after: &[Value], found: &mut Vec<Difference>) {
    let known = found.len();
    if let Some(keys) = item_keys(before, after) {
        let a: Vec<_> = before.iter().map(|item| (name_of(item, keys), item)).collect();
        let b: Vec<_> = after.iter().map(|item| (name_of(item, keys), item)).collect();
        let in_b: BTreeMap<_, _> = b.iter().map(|(name, item)| (name, *item)).collect();
        let in_a: BTreeMap<_, _> = a.iter().map(|(name, item)| (name, *item)).collect();
        for (name, item) in &a {
            walk(&path.join(Segment::Item(name.clone())), Some(item), in_b.get(name).copied(), found);
        }
        for (name, item) in b.iter().filter(|(name, _)| !in_a.contains_key(name)) {
            walk(&path.join(Segment::Item(name.clone())), None, Some(item), found);
        }
    } else if before.iter().chain(after).all(Value::is_object) {
        for index in 0..before.len().max(after.len()) {
            walk(&path.index(index), before.get(index), after.get(index), found);
        }
    }
    // Plain lists, and keyed ones that differ only in their order.
    if found.len() == known {
        found.push(Difference {
            path: path.clone(),
            before: Some(Value::Array(before.to_vec())),
            after: Some(Value::Array(after.to_vec())),
        });
    }
}

/// The path with list items named by their keys instead of their positions in this object. So it leads to the
/// same item in another object, where the order may be another one or items may be missing.
pub fn keyed(object: &Value, path: &FieldPath) -> FieldPath {
    let mut at = Some(object);
    let named = path.segments().iter().map(|segment| {
        let step = match (segment, at.and_then(Value::as_array)) {
            (Segment::Index(index), Some(list)) => {
                let item = item_keys(list, &[]).zip(list.get(*index));
                item.map_or_else(|| segment.clone(), |(keys, item)| Segment::Item(name_of(item, keys)))
            }
            _ => segment.clone(),
        };
        at = at.and_then(|value| segment.step(value));
        step
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn shown(before: &Value, after: &Value) -> Vec<String> {
        let text = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
        compare(before, after)
            .iter()
            .map(|difference| {
                format!("{} {} {}", difference.path, text(&difference.before), text(&difference.after))
            })
            .collect()
    }

    #[test]
    fn only_what_differs_is_named() {
        let before =
            json!({"spec": {"replicas": 1, "paused": true}, "status": {"x": 1}, "metadata": {"uid": "a"}});
        let after = json!({"spec": {"replicas": 2}, "status": {"x": 2}, "metadata": {"uid": "b"}});
        assert_eq!(shown(&before, &after), ["spec.paused true -", "spec.replicas 1 2"]);
    }

    #[test]
    fn items_are_told_apart_by_their_keys() {
        let before = json!({"c": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]});
        let after = json!({"c": [{"name": "b", "image": "z"}, {"name": "d"}]});
        assert_eq!(
            shown(&before, &after),
            [r#"c[a] {"image":"x","name":"a"} -"#, r#"c[b].image "y" "z""#, r#"c[d] - {"name":"d"}"#]
        );
    }

    #[test]
    fn ports_need_both_their_keys_where_one_does_not_do() {
        let port =
            |protocol: &str, name: &str| json!({"containerPort": 53, "protocol": protocol, "hostIP": name});
        let before = json!([port("TCP", "a"), port("UDP", "b")]);
        let after = json!([port("TCP", "a"), port("UDP", "c")]);
        assert_eq!(shown(&before, &after), [r#"[containerPort=53,protocol=UDP].hostIP "b" "c""#]);
    }

    #[test]
    fn an_order_that_alone_differs_is_a_difference() {
        let before = json!({"c": [{"name": "a"}, {"name": "b"}]});
        let after = json!({"c": [{"name": "b"}, {"name": "a"}]});
        assert_eq!(compare(&before, &after).len(), 1);
        assert_eq!(compare(&before, &after)[0].path.to_string(), "c");
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..3i64).prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("(name|port|[a-c])", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_does_not_differ_from_itself_and_every_difference_is_real(a in any_value(), b in any_value()) {
            prop_assert!(compare(&a, &a).is_empty());
            let differences = compare(&a, &b);
            prop_assert_eq!(differences.is_empty(), a == b);
            for difference in differences {
                prop_assert_ne!(&difference.before, &difference.after);
            }
        }

        #[test]
        fn what_a_difference_names_is_found_under_its_path(a in any_value(), b in any_value()) {
            for difference in compare(&a, &b) {
                if let Some(value) = &difference.before {
                    prop_assert_eq!(difference.path.get(&a), Some(value), "{}", difference.path);
                }
            }
        }
    }
}
