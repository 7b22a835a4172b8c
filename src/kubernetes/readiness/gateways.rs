//! The readiness of what the Gateway API knows: Gateways and their routes.
//!
//! A route has no conditions of its own. Each Gateway that it names answers for itself, in `status.parents`.
//! Source: <https://gateway-api.sigs.k8s.io/concepts/troubleshooting/>

use serde_json::Value;

use super::verdict::Readiness;
use crate::kubernetes::conditions::{is_current, said, status, text};
use crate::resource::{GATEWAY_GROUP, Identity};

/// Whether it is a route.
pub(super) fn is_route(identity: &Identity) -> bool {
    identity.group == GATEWAY_GROUP && identity.kind.ends_with("Route")
}

/// A route is ready when every Gateway that it names has accepted it, and found what it leads to.
pub(super) fn route(object: &Value) -> Readiness {
    for parent in list(object, "/spec/parentRefs") {
        let own = answers_of(object, parent);
        if own.is_empty() {
            return Readiness::waiting(format!(
                "the controller of the {} has not looked at it yet",
                named(parent)
            ));
        }
        let verdicts = own.iter().flat_map(|answer| {
            ["Accepted", "ResolvedRefs"].map(|kind| by_condition(object, list(answer, "/conditions"), kind))
        });
        if let Some(verdict) = verdicts.into_iter().find(|verdict| *verdict != Readiness::Ready) {
            return verdict;
        }
    }
    Readiness::Ready
}

/// What has been answered for a Gateway that a route names. Answers for those that it has named before may still stand there.
fn answers_of<'v>(route: &'v Value, parent: &Value) -> Vec<&'v Value> {
    let namespace = route.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
    let is_meant =
        |answer: &&Value| answer.get("parentRef").is_some_and(|other| is_same(parent, other, namespace));
    list(route, "/status/parents").iter().filter(is_meant).collect()
}

/// A Gateway is ready when its controller has programmed it.
pub(super) fn gateway(object: &Value) -> Readiness {
    by_condition(object, list(object, "/status/conditions"), "Programmed")
}

/// Whether no controller has said anything about it: what stands there is what the definition fills in.
pub(super) fn is_unanswered(identity: &Identity, object: &Value) -> bool {
    if is_route(identity) {
        return list(object, "/status/parents").is_empty();
    }
    let conditions = list(object, "/status/conditions");
    identity.is(GATEWAY_GROUP, "Gateway") && conditions.iter().all(|found| text(found, "reason") == "Pending")
}

/// The class of a Gateway for which nobody has answered.
pub fn unanswered_class(identity: &Identity, object: &Value) -> Option<Identity> {
    let is_it = identity.is(GATEWAY_GROUP, "Gateway") && is_unanswered(identity, object);
    let name = object.pointer("/spec/gatewayClassName").and_then(Value::as_str).filter(|_| is_it)?;
    Some(Identity::cluster(GATEWAY_GROUP, "GatewayClass", name))
}

/// Whether a Gateway that it names takes no routes of its namespace, or of its kind.
pub(super) fn is_refused(identity: &Identity, object: &Value) -> bool {
    let refuses =
        |found: &Value| text(found, "reason") == "NotAllowedByListeners" && is_current(object, found);
    is_route(identity)
        && list(object, "/spec/parentRefs")
            .iter()
            .flat_map(|parent| answers_of(object, parent))
            .any(|answer| list(answer, "/conditions").iter().any(refuses))
}

fn by_condition(object: &Value, conditions: &[Value], kind: &str) -> Readiness {
    match conditions.iter().find(|found| text(found, "type") == kind) {
        Some(found) if !is_current(object, found) => Readiness::behind(),
        Some(found) if status(found) == "True" => Readiness::Ready,
        Some(found) => Readiness::waiting(said(found)),
        None => Readiness::waiting(format!("there is no condition {kind} yet")),
    }
}

/// Whether two references to a Gateway mean the same listeners of the same one.
fn is_same(parent: &Value, other: &Value, namespace: &str) -> bool {
    let of = |reference: &Value, key: &str, usual: &str| match text(reference, key) {
        "" => usual.to_owned(),
        found => found.to_owned(),
    };
    let texts = [
        ("group", GATEWAY_GROUP),
        ("kind", "Gateway"),
        ("namespace", namespace),
        ("name", ""),
        ("sectionName", ""),
    ];
    texts.into_iter().all(|(key, usual)| of(parent, key, usual) == of(other, key, usual))
        && parent.get("port") == other.get("port")
}

fn named(parent: &Value) -> String {
    let kind = if text(parent, "kind").is_empty() { "Gateway" } else { text(parent, "kind") };
    format!("{kind} {}", text(parent, "name"))
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
