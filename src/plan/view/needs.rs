//! What desired objects name and this plan does not make: whoever forgot it hears so before the apply.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use crate::kubernetes::namespaces::is_everywhere;
use crate::plan::input::plan_input::Input;
use crate::resource::dependencies::{Facility, Requirement, requires};
use crate::resource::{Address, Desired, FieldPath, GATEWAY_GROUP, Identity, Target, is_builtin_group};

/// The kinds that are easily forgotten. Without them an object is taken by the server, and does not work. Those that live in
/// namespaces:
const IN_NAMESPACES: &[(&str, &str)] = &[("", "Secret"), ("", "ServiceAccount"), (GATEWAY_GROUP, "Gateway")];
/// And those that belong to the whole cluster.
const OF_THE_CLUSTER: &[(&str, &str)] = &[
    ("networking.k8s.io", "IngressClass"),
    ("storage.k8s.io", "StorageClass"),
    (GATEWAY_GROUP, "GatewayClass"),
];

/// An object that others name, and by which fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plan) struct Needed {
    /// Which object.
    pub(in crate::plan) target: Target,
    /// Who names it, and where.
    pub(in crate::plan) by: Vec<(Address, FieldPath)>,
}

/// What the desired objects name that change, by their position, and the plan does not make.
pub(in crate::plan) fn needed(input: &Input, changes: impl Fn(usize) -> bool) -> Vec<Needed> {
    let all = || input.desired.iter().chain(&input.left_out.desired);
    let made: HashSet<&Identity> = all().map(|desired| &desired.identity).collect();
    let mut found: BTreeMap<Identity, Vec<(Address, FieldPath)>> = BTreeMap::new();
    let changing = input.desired.iter().enumerate().filter(|(position, _)| changes(*position));
    for (_, desired) in changing {
        for Requirement { needs, path, .. } in requires(&desired.identity, &desired.object) {
            let [group] = needs.all_of.as_slice() else { continue };
            let mut named = group.iter().filter_map(named_object);
            let (Some(identity), None) = (named.next(), named.next()) else { continue };
            if desired.unresolved.touches(&path) || desired.unchecked.touches(&path) {
                continue;
            }
            let is_known = made.contains(identity) || is_everywhere(identity) || is_made_for(desired);
            // What names a Secret does not make it, even where both have the same name.
            let mut others = all().filter(|other| !std::ptr::eq(*other, desired));
            if !is_known && !others.any(|other| makes_secret(other, identity)) {
                found.entry(identity.clone()).or_default().push((desired.address.clone(), path));
            }
        }
    }
    let needed = found.into_iter();
    needed.map(|(identity, by)| Needed { target: Target { identity, version: None }, by }).collect()
}

/// The object of a kind that is easily forgotten. What names it may leave open whether the kind lives in namespaces; one of both
/// cannot be.
fn named_object(facility: &Facility) -> Option<&Identity> {
    let Facility::Object(identity) = facility else { return None };
    let kinds = if identity.namespace.is_some() { IN_NAMESPACES } else { OF_THE_CLUSTER };
    kinds.iter().any(|(group, kind)| identity.is(group, kind)).then_some(identity)
}

/// Whether cert-manager makes the certificates of this Ingress.
fn is_made_for(desired: &Desired) -> bool {
    let annotations = desired.object.pointer("/metadata/annotations").and_then(Value::as_object);
    annotations.is_some_and(|annotations| annotations.keys().any(|key| key.starts_with("cert-manager.io/")))
}

/// Whether a custom resource probably makes this Secret: it has its name, or says it.
fn makes_secret(other: &Desired, secret: &Identity) -> bool {
    let says = |pointer: &str| other.object.pointer(pointer).and_then(Value::as_str) == Some(&secret.name);
    !is_builtin_group(&other.identity.group)
        && secret.is("", "Secret")
        && other.identity.namespace == secret.namespace
        && (other.identity.name == secret.name || says("/spec/secretName") || says("/spec/target/name"))
}
