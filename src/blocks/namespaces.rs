//! The namespaces of a configuration: those that its objects declare, and those that blocks name and none declares.
//! The latter are made where they are missing, and shared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::kubernetes::namespaces::is_given;
use crate::resource::{Address, Desired, FieldPath, Identity, Origin};

/// The name and the labels of the namespace that an object is; `None` for any other object.
pub(super) fn declared_namespace(object: &Value) -> Option<(String, BTreeMap<String, String>)> {
    let identity = Identity::of(object).filter(|identity| identity.is("", "Namespace"))?;
    let labels = object.pointer("/metadata/labels").and_then(Value::as_object).into_iter().flatten();
    let labels = labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    Some((identity.name, labels.collect()))
}

/// The namespaces that objects live in and that no block declares.
pub(super) fn shared_namespaces(resources: &[Desired]) -> Vec<Desired> {
    let declared: BTreeSet<&str> = resources
        .iter()
        .filter(|desired| desired.identity.is("", "Namespace"))
        .map(|desired| desired.identity.name.as_str())
        .collect();
    let mut named: BTreeMap<&str, &Desired> = BTreeMap::new();
    for desired in resources {
        if let Some(namespace) = desired.identity.namespace.as_deref()
            && !declared.contains(namespace)
            && !is_given(namespace)
        {
            named.entry(namespace).or_insert(desired);
        }
    }
    named.into_iter().filter_map(|(name, desired)| shared_namespace(name, desired)).collect()
}

fn shared_namespace(name: &str, first: &Desired) -> Option<Desired> {
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let mut namespace = Desired::new(Address::block("namespace", name), object)?;
    let path = FieldPath::keys(["metadata", "namespace"]);
    let origin = first.origin(&path);
    let origin = origin.cloned().unwrap_or_else(|| Origin::of_key(first.address.to_string(), None));
    namespace.origins.insert(FieldPath::root(), origin);
    namespace.shared = true;
    Some(namespace)
}
