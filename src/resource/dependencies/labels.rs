//! Which pods a selector means: their labels, as facilities.

use std::collections::BTreeMap;

use serde_json::Value;

use super::facility::{Facility, PodLabel, Selection};

/// One group for each label with its value; `None` where a value is no text.
pub(super) fn exact(namespace: &str, labels: &serde_json::Map<String, Value>) -> Option<Vec<Vec<Facility>>> {
    labels.iter().map(|(key, value)| Some(vec![labelled(namespace, key, Some(value.as_str()?))])).collect()
}

pub(super) fn labelled(namespace: &str, key: &str, value: Option<&str>) -> Facility {
    let label = PodLabel { key: key.to_owned(), value: value.map(str::to_owned) };
    Facility::Pods { namespace: namespace.to_owned(), label: Some(label) }
}

/// A label selector (`matchLabels`, `matchExpressions`); an empty one selects all pods of the namespace.
/// `None` for what is no selector.
pub(super) fn label_selector(namespace: &str, selector: &Value) -> Option<Selection> {
    let selector = selector.as_object()?;
    let any = Facility::Pods { namespace: namespace.to_owned(), label: None };
    let mut selection = Selection { all_of: vec![vec![any]], none_of: Vec::new() };
    if let Some(labels) = selector.get("matchLabels").and_then(Value::as_object) {
        selection.all_of.extend(exact(namespace, labels)?);
    }
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    for expression in expressions.into_iter().flatten() {
        let key = expression.get("key")?.as_str()?;
        let values = expression.get("values").and_then(Value::as_array);
        let values = || values.into_iter().flatten().filter_map(Value::as_str);
        let one_of = || values().map(|value| labelled(namespace, key, Some(value)));
        match expression.get("operator")?.as_str()? {
            "In" => selection.all_of.push(one_of().collect()),
            "NotIn" => selection.none_of.extend(one_of()),
            "Exists" => selection.all_of.push(vec![labelled(namespace, key, None)]),
            "DoesNotExist" => selection.none_of.push(labelled(namespace, key, None)),
            _ => return None,
        }
    }
    Some(selection)
}

/// The labels of pods as facilities: each with its value and by its key alone.
pub(super) fn pod_labels(namespace: &str, labels: &BTreeMap<&str, &str>) -> Vec<Facility> {
    let any = Facility::Pods { namespace: namespace.to_owned(), label: None };
    let each = labels
        .iter()
        .flat_map(|(key, value)| [labelled(namespace, key, Some(value)), labelled(namespace, key, None)]);
    [any].into_iter().chain(each).collect()
}
