//! Objects that no configuration should have: what controllers make, and what belongs to others.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::kubernetes::marks::PROJECT;
use crate::resource::{Identity, Live};

/// Why an object is not written down.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// Kubernetes or a controller makes it, and makes it again.
    Controlled,
    /// It is about to go.
    Ending,
    /// It belongs to a project of regplan.
    OfProject(String),
    /// Helm keeps a release in it.
    OfHelm,
    /// It is a pod of nobody: hardly anything of a pod can be changed.
    Pod,
}

/// Kinds whose objects are made by Kubernetes itself, or say how others are.
const CONTROLLED: &[(&str, &str)] = &[
    ("", "Endpoints"),
    ("", "Event"),
    ("apps", "ControllerRevision"),
    ("apps", "ReplicaSet"),
    ("coordination.k8s.io", "Lease"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("events.k8s.io", "Event"),
    ("metrics.k8s.io", "PodMetrics"),
];

/// Objects that every namespace has.
const OF_EVERY_NAMESPACE: &[(&str, &str)] =
    &[("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")];

/// Why an object is not written down; `None` where it is. `claims` are those that stateful sets make.
pub(super) fn why_left_out(identity: &Identity, live: &Live, claims: &BTreeSet<String>) -> Option<LeftOut> {
    let is_owned = live.object.pointer("/metadata/ownerReferences").is_some();
    let is_of_kind = CONTROLLED.iter().any(|(group, kind)| identity.is(group, kind));
    let is_everywhere =
        OF_EVERY_NAMESPACE.iter().any(|(kind, name)| identity.is("", kind) && identity.name == *name);
    let is_claim = identity.is("", "PersistentVolumeClaim") && claims.contains(&identity.name);
    if is_owned || is_of_kind || is_everywhere || is_claim {
        return Some(LeftOut::Controlled);
    }
    if live.is_ending() {
        return Some(LeftOut::Ending);
    }
    if let Some(project) = live.annotation(PROJECT) {
        return Some(LeftOut::OfProject(project.to_owned()));
    }
    if live.object.get("type").and_then(Value::as_str) == Some("helm.sh/release.v1") {
        return Some(LeftOut::OfHelm);
    }
    identity.is("", "Pod").then_some(LeftOut::Pod)
}

/// The names of the claims that these stateful sets make for their pods. They carry no owner.
pub(super) fn claims_of(sets: &[&Value]) -> BTreeSet<String> {
    let mut claims = BTreeSet::new();
    for set in sets {
        let name = set.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        let replicas = set.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1);
        let first = set.pointer("/spec/ordinals/start").and_then(Value::as_u64).unwrap_or(0);
        let templates = set.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array);
        for template in templates.into_iter().flatten() {
            let template = template.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            claims.extend((first..first + replicas).map(|number| format!("{template}-{name}-{number}")));
        }
    }
    claims
}
