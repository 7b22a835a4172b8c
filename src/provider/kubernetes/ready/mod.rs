//! When an object is ready, by its kind.
//!
//! In this order, for every kind: it is not being deleted; its controller has seen the latest
//! generation; nothing is stalled or being reconciled; then the kind's own rule. A kind without a rule
//! here is ready when it is written (built-in groups), or by its conditions (custom resources): `Ready`,
//! else `Available`, else `Programmed`; without any of these it is ready.
//!
//! | kind | ready when | time |
//! |---|---|---|
//! | Namespace | Active | 1 min |
//! | Deployment, StatefulSet, DaemonSet, ReplicaSet | rolled out; a paused one at once | 10 min, or the progress deadline and a minute |
//! | Pod | Ready, or it has succeeded | 5 min |
//! | Job | complete; a suspended one at once | 30 min, or the active deadline and a minute |
//! | `PersistentVolumeClaim` | bound, unless its class waits for the first consumer | 5 min |
//! | Service | a load balancer has its address, others at once | 10 min |
//! | `CustomResourceDefinition` | established, its names accepted, and served by discovery | 1 min |
//! | `APIService` | Available | 2 min |
//! | custom resources | by their conditions | 10 min |
//! | everything else | written | 1 min |

mod cluster;
mod workloads;

use std::time::Duration;

use serde_json::Value;

use crate::provider::Until;
use crate::resource::{FieldPath, Identity, ReadyRule, is_builtin_group};

/// What there is to say about an object's readiness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Readiness {
    /// It is ready.
    Ready,
    /// Not yet, and what is missing.
    Waiting(String),
    /// It will not become ready by waiting, and why.
    Failed(String),
}

impl Readiness {
    fn waiting(text: impl Into<String>) -> Self {
        Self::Waiting(text.into())
    }

    fn failed(text: impl Into<String>) -> Self {
        Self::Failed(text.into())
    }
}

/// What must be known besides the object itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct StorageClass {
    /// Whether the claim's class binds only when a pod asks for the volume.
    pub(super) waits_for_consumer: bool,
}

/// Whether the object is ready, by the rule or by its kind's own.
pub(super) fn judge(
    identity: &Identity,
    object: &Value,
    rule: Option<&ReadyRule>,
    class: StorageClass,
) -> Readiness {
    if object.pointer("/metadata/deletionTimestamp").is_some() {
        return Readiness::failed("it is being deleted");
    }
    match rule {
        Some(ReadyRule::Written) => Readiness::Ready,
        Some(ReadyRule::Field(path)) => field(object, path),
        Some(ReadyRule::Condition { kind, status }) => by_rule(object, kind, status),
        None => by_kind(identity, object, class),
    }
}

fn by_kind(identity: &Identity, object: &Value, class: StorageClass) -> Readiness {
    match (identity.group.as_str(), identity.kind.as_str()) {
        ("apps", "Deployment") => workloads::deployment(object),
        ("apps", "StatefulSet") => workloads::stateful_set(object),
        ("apps", "DaemonSet") => workloads::daemon_set(object),
        ("apps", "ReplicaSet") | ("", "ReplicationController") => workloads::replica_set(object),
        ("batch", "Job") => workloads::job(object),
        ("", "Pod") => workloads::pod(object),
        ("", "Namespace") => cluster::namespace(object),
        ("", "PersistentVolumeClaim") => cluster::claim(object, class),
        ("", "Service") => cluster::service(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => cluster::definition(object),
        ("apiregistration.k8s.io", "APIService") => cluster::api_service(object),
        (group, _) if is_builtin_group(group) => Readiness::Ready,
        _ => cluster::custom(object),
    }
}

/// Whether a field exists and is not empty.
pub(super) fn field(object: &Value, path: &FieldPath) -> Readiness {
    let filled = match path.get(object) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::Object(map)) => !map.is_empty(),
        Some(Value::Bool(_) | Value::Number(_)) => true,
    };
    if filled { Readiness::Ready } else { Readiness::waiting(format!("`{path}` has no value yet")) }
}

fn by_rule(object: &Value, kind: &str, status: &str) -> Readiness {
    match condition(object, kind) {
        Some(found) if text(found, "status") == status && is_current(object, found) => Readiness::Ready,
        Some(found) => Readiness::waiting(format!("the condition {} and not {status}", said(found))),
        None => Readiness::waiting(format!("there is no condition {kind} yet")),
    }
}

/// The condition of a type.
pub(super) fn condition<'v>(object: &'v Value, kind: &str) -> Option<&'v Value> {
    let all = object.pointer("/status/conditions").and_then(Value::as_array)?;
    all.iter().find(|condition| text(condition, "type") == kind)
}

/// Whether a condition, where it names its generation, is about the latest one.
fn is_current(object: &Value, condition: &Value) -> bool {
    let seen = condition.get("observedGeneration").and_then(Value::as_i64);
    seen.is_none_or(|seen| seen >= count(object, "/metadata/generation"))
}

/// Whether the controller has still to look at the latest generation.
fn is_behind(object: &Value) -> bool {
    let seen = object.pointer("/status/observedGeneration").and_then(Value::as_i64);
    seen.is_some_and(|seen| seen < count(object, "/metadata/generation"))
}

fn behind() -> Readiness {
    Readiness::waiting("its controller has not looked at it yet")
}

/// `Ready is False, DoesNotExist: the issuer is missing`.
pub(super) fn said(condition: &Value) -> String {
    let mut out = format!("{} is {}", text(condition, "type"), text(condition, "status"));
    let (reason, message) = (text(condition, "reason"), text(condition, "message"));
    if !reason.is_empty() {
        out.push_str(", ");
        out.push_str(reason);
    }
    if !message.is_empty() {
        out.push_str(": ");
        out.push_str(message.trim());
    }
    out
}

pub(super) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn count(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
}

/// How long to wait where nobody has said so.
pub(super) fn default_timeout(identity: &Identity, object: Option<&Value>, until: &Until) -> Duration {
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let deadline = |pointer: &str, otherwise: Duration| {
        let seconds = object.and_then(|object| object.pointer(pointer)).and_then(Value::as_u64);
        seconds.map_or(otherwise, |seconds| Duration::from_secs(seconds) + minutes(1))
    };
    match until {
        Until::Gone { .. } => minutes(match identity.kind.as_str() {
            // Volumes are given back, load balancers taken down, whole namespaces emptied.
            "Namespace" | "PersistentVolumeClaim" | "Service" | "CustomResourceDefinition" => 10,
            _ => 5,
        }),
        Until::Field(_) | Until::Ready(Some(ReadyRule::Condition { .. } | ReadyRule::Field(_))) => {
            minutes(10)
        }
        Until::Ready(Some(ReadyRule::Written)) => minutes(1),
        Until::Ready(None) => match (identity.group.as_str(), identity.kind.as_str()) {
            ("apps", "Deployment") => deadline("/spec/progressDeadlineSeconds", minutes(10)),
            ("apps", _) | ("", "Service" | "ReplicationController") => minutes(10),
            ("batch", "Job") => deadline("/spec/activeDeadlineSeconds", minutes(30)),
            ("", "Pod" | "PersistentVolumeClaim") => minutes(5),
            ("apiregistration.k8s.io", _) => minutes(2),
            (group, _) if is_builtin_group(group) => minutes(1),
            _ => minutes(10),
        },
    }
}

/// What keeps an object from going away, in words.
pub(super) fn lingering(identity: &Identity, object: &Value) -> String {
    if object.pointer("/metadata/deletionTimestamp").is_none() {
        return "nobody has asked for its deletion yet".to_owned();
    }
    let mut reasons = Vec::new();
    let finalizers = object.pointer("/metadata/finalizers").and_then(Value::as_array);
    let names: Vec<&str> = finalizers.into_iter().flatten().filter_map(Value::as_str).collect();
    let foreign: Vec<&&str> =
        names.iter().filter(|name| !matches!(**name, "foregroundDeletion" | "orphan")).collect();
    if names.contains(&"foregroundDeletion") {
        reasons.push("what depends on it goes first".to_owned());
    }
    if !foreign.is_empty() {
        let list: Vec<String> = foreign.iter().map(|name| format!("`{name}`")).collect();
        let plural = if list.len() == 1 { "the finalizer" } else { "the finalizers" };
        reasons.push(format!("{plural} {} must be removed by its controller", list.join(", ")));
    }
    if identity.is("", "Namespace") {
        reasons.extend(cluster::ending_namespace(object));
    }
    if reasons.is_empty() {
        let grace = count(object, "/metadata/deletionGracePeriodSeconds");
        return if grace > 0 { format!("it has {grace} s to end") } else { "it is ending".to_owned() };
    }
    reasons.join("; ")
}

#[cfg(test)]
mod tests;
