//! What an object gives to others, and what it needs of them.
//!
//! The graph indexes what this module extracts and knows nothing of what an object is made of. Nothing
//! here trusts the object: where a field is missing or of another type, nothing is needed for it.
//!
//! A Service does not need the workload behind it: a load balancer that waits for its address would
//! hold up everything that waits for the Service.

mod cluster;
mod network;
mod pods;
mod walk;

use std::collections::BTreeMap;

use serde_json::Value;

use super::{FieldPath, GroupKind, Identity, is_builtin_group};
use walk::Found;

/// Something that one object gives and another needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Facility {
    /// The object itself.
    Object(Identity),
    /// That objects of this kind can exist (a CRD gives it).
    Kind(GroupKind),
    /// That objects of this API group are served (an `APIService` with a server of its own gives it).
    Group(String),
    /// A volume that is kept for this claim.
    VolumeFor(Identity),
    /// The rights of this service account.
    RightsOf(Identity),
    /// Pods in a namespace.
    Pods {
        /// Their namespace.
        namespace: String,
        /// A label that they carry; `None` for any pods at all.
        label: Option<PodLabel>,
    },
}

/// A label of pods.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PodLabel {
    /// Its key.
    pub key: String,
    /// Its value; `None` where only the key counts.
    pub value: Option<String>,
}

/// Which objects are needed: those that give something of each group, and nothing of what is excluded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Of each group, an object must give at least one.
    pub all_of: Vec<Vec<Facility>>,
    /// An object that gives one of these is excluded.
    pub none_of: Vec<Facility>,
}

/// How much an object needs another one. Where needs form a cycle, the weakest yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Strength {
    /// It exists and works, but does its task only with the other.
    Useful,
    /// It is taken by the server, but becomes ready only with the other.
    Running,
    /// The server does not take it without the other.
    Accepted,
}

/// What an object needs, and the field that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// What is needed.
    pub needs: Selection,
    /// The field that names it.
    pub path: FieldPath,
    /// How much it is needed.
    pub strength: Strength,
    /// Whether what the needed object [selects] is needed as well: a webhook answers only with
    /// the pods behind its Service.
    pub through: bool,
}

impl Selection {
    /// Whatever gives this.
    pub fn one(facility: Facility) -> Self {
        Self { all_of: vec![vec![facility]], none_of: Vec::new() }
    }
}

/// What the object gives to others.
pub fn provides(identity: &Identity, object: &Value) -> Vec<Facility> {
    let mut given = vec![Facility::Object(identity.clone())];
    given.extend(cluster::provides(identity, object));
    if let Some(namespace) = &identity.namespace {
        given.extend(pods::labels(identity, object, namespace));
    }
    given
}

/// What the object needs of others.
pub fn requires(identity: &Identity, object: &Value) -> Vec<Requirement> {
    let mut found = Found::new(object, identity.namespace.as_deref());
    if let Some(namespace) = &identity.namespace {
        let namespace = Facility::Object(Identity::cluster("", "Namespace", namespace));
        found.push(FieldPath::keys(["metadata", "namespace"]), namespace, Strength::Accepted);
    }
    if !is_builtin_group(&identity.group) {
        found.push(FieldPath::keys(["kind"]), Facility::Kind(identity.group_kind()), Strength::Accepted);
        let group = Facility::Group(identity.group.clone());
        found.push(FieldPath::keys(["apiVersion"]), group, Strength::Accepted);
    }
    pods::requires(identity, &mut found);
    network::requires(identity, &mut found);
    cluster::requires(identity, &mut found);
    found.into_requirements()
}

/// What the object selects without needing it: the pods behind a Service.
pub fn selects(identity: &Identity, object: &Value) -> Option<Selection> {
    if !identity.is("", "Service") {
        return None;
    }
    let namespace = identity.namespace.as_deref()?;
    let labels = object.pointer("/spec/selector")?.as_object()?;
    // A Service with an empty selector selects nothing: its endpoints are written by somebody else.
    let all_of = exact(namespace, labels).filter(|groups| !groups.is_empty())?;
    Some(Selection { all_of, none_of: Vec::new() })
}

/// One group for each label with its value; `None` where a value is no text.
fn exact(namespace: &str, labels: &serde_json::Map<String, Value>) -> Option<Vec<Vec<Facility>>> {
    labels.iter().map(|(key, value)| Some(vec![labelled(namespace, key, Some(value.as_str()?))])).collect()
}

fn labelled(namespace: &str, key: &str, value: Option<&str>) -> Facility {
    let label = PodLabel { key: key.to_owned(), value: value.map(str::to_owned) };
    Facility::Pods { namespace: namespace.to_owned(), label: Some(label) }
}

/// A label selector (`matchLabels`, `matchExpressions`); an empty one selects all pods of the namespace.
/// `None` for what is no selector.
fn label_selector(namespace: &str, selector: &Value) -> Option<Selection> {
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
fn pod_labels(namespace: &str, labels: &BTreeMap<&str, &str>) -> Vec<Facility> {
    let any = Facility::Pods { namespace: namespace.to_owned(), label: None };
    let each = labels
        .iter()
        .flat_map(|(key, value)| [labelled(namespace, key, Some(value)), labelled(namespace, key, None)]);
    [any].into_iter().chain(each).collect()
}

#[cfg(test)]
mod tests;
