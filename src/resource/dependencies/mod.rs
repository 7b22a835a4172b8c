//! What an object gives to others, and what it requires of them.
//!
//! The graph indexes what this module extracts and knows nothing of what an object is made of. Nothing
//! here trusts the object: where a field is missing or of another type, nothing is required for it.
//!
//! A Service does not require the workload behind it: a load balancer that waits for its address would
//! hold up everything that waits for the Service.
//!
//! | file | question |
//! |---|---|
//! | `pods` | what do workloads require, and which labels do their pods carry? |
//! | `network` | what do Services, Ingresses and webhooks require, and what leads into the cluster? |
//! | `other_kinds` | what do all other kinds give and require? |
//! | `admission` | what decides about other objects, and comes before or after them? |
//! | `controllers` | which programs do custom resources need until they are gone? |
//! | `walk` | how are the fields found that name other objects? |
//! | `labels` | which pods does a selector mean? |
//! | `exclusive` | which values can only one object have? |
//! | `facility` | what can be given and required? |

mod admission;
mod controllers;
mod exclusive;
mod facility;
mod labels;
mod network;
mod other_kinds;
mod pods;
mod walk;

use serde_json::Value;

use super::{FieldPath, Identity, is_builtin_group};
use labels::exact;
use walk::Found;

pub use admission::{Admission, bound_policy, precedes, works_on_webhook};
pub use controllers::{Rights, answering_services, is_asked_about};
pub use exclusive::{Exclusive, exclusive};
pub use facility::{Facility, PodLabel, Requirement, Selection, Strength};
pub use network::leads_in;

/// What the object gives to others.
pub fn provides(identity: &Identity, object: &Value) -> Vec<Facility> {
    let mut given = vec![Facility::Object(identity.clone())];
    given.extend(other_kinds::provides(identity, object));
    given.extend(admission::makes_pods(identity, pods::makes_pods(identity)));
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
    other_kinds::requires(identity, &mut found);
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

#[cfg(test)]
mod tests;
