//! Namespaces that blocks name and none declares: they are made where they are missing, and shared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::kubernetes::namespaces::is_given;
use crate::resource::{Address, Desired, FieldPath, Origin};

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
