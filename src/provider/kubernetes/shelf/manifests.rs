//! What must be there before a state is used, and which rights each command needs.

use serde_json::{Value, json};

use super::form;
use super::names::{Kind, Names};
use crate::state::Item;

/// What `state init` makes, but for the key, which is a secret.
#[derive(Debug, Clone)]
pub struct Manifests {
    /// The namespace, and the objects that hold nothing yet.
    pub places: Vec<Value>,
    /// The Roles: `NAME.reader`, `NAME.planner`, `NAME.writer`.
    pub roles: Vec<Value>,
}

/// The manifests of this state.
pub fn manifests(namespace: &str, state: &str) -> Manifests {
    let names = Names { namespace: namespace.to_owned(), state: state.to_owned() };
    let places = vec![
        json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": { "name": namespace, "labels": form::labels() },
        }),
        form::empty(&names.of(Item::State)),
        form::empty(&names.of(Item::Lock)),
    ];
    let config_maps = names.config_maps();
    let key = names.of(Item::Key).name;
    let may = |kind: Kind, named: &[String], verbs: &[&str]| {
        json!({
            "apiGroups": [kind.group()],
            "resources": [kind.plural()],
            "resourceNames": named,
            "verbs": verbs,
        })
    };
    let reads = may(Kind::ConfigMap, &config_maps, &["get"]);
    let reads_the_key = may(Kind::Secret, &[key], &["get"]);
    let writes = [
        may(Kind::ConfigMap, &config_maps, &["get", "update", "delete"]),
        // What is made has no name yet when rights are looked at.
        json!({ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["create"] }),
        may(Kind::Secret, &names.values(), &["get", "update", "delete"]),
        json!({ "apiGroups": [""], "resources": ["secrets"], "verbs": ["create"] }),
        may(Kind::Lease, &[names.of(Item::Lock).name], &["get", "update"]),
    ];
    let role = |name: &str, rules: Vec<Value>| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {
                "name": format!("{state}.{name}"),
                "namespace": namespace,
                "labels": form::labels(),
            },
            "rules": rules,
        })
    };
    let roles = vec![
        role("reader", vec![reads.clone()]),
        role("planner", vec![reads, reads_the_key.clone()]),
        role("writer", writes.into_iter().chain([reads_the_key]).collect()),
    ];
    Manifests { places, roles }
}
