//! Decides when an object is ready, by its kind.
//!
//! These are checked for every kind, in this order: the object is not being deleted; its controller has seen
//! the latest generation; nothing is stalled or being reconciled; then the kind's own rule. A kind of a
//! built-in group without a rule here is ready when it is written. A custom resource is ready by its
//! condition `Ready`, else `Available`, else `Programmed`; without any of these it is ready.
//!
//! | kind | ready when | time |
//! |---|---|---|
//! | Namespace | Active | 1 min |
//! | ResourceQuota | its limits are in force | 1 min |
//! | Deployment, StatefulSet, DaemonSet, ReplicaSet | rolled out; a paused one at once | 10 min, or the progress deadline and a minute |
//! | Pod | Ready, or it has succeeded | 5 min |
//! | Job | complete; a suspended one at once | 30 min, or the active deadline and a minute |
//! | `PersistentVolumeClaim` | bound, unless its class waits for the first consumer | 5 min |
//! | Service | a load balancer has its address, others at once | 10 min |
//! | `CustomResourceDefinition` | established, its names accepted, and served by discovery | 1 min |
//! | `APIService` | Available | 2 min |
//! | Certificate, Issuer, `ClusterIssuer` of cert-manager | their condition `Ready` is there, and true | 10 min |
//! | Gateway of the Gateway API | its condition `Programmed` is there, and true | 10 min |
//! | `HTTPRoute` and other routes | each Gateway that it names says `Accepted` and `ResolvedRefs` | 10 min |
//! | `DNSEndpoint` of external-dns that names a zone | the servers of the zone answer with its records | 10 min |
//! | objects of another house | as that house says | 1 min |
//! | other custom resources | by their conditions | 10 min |
//! | everything else | written | 1 min |

mod gateways;
mod other_kinds;
pub(super) mod verdict;
mod workloads;

use std::time::Duration;

use serde_json::Value;

pub use self::gateways::unanswered_class;
pub use self::verdict::{Readiness, Standard, StorageClass};
use super::certificates;
use super::completion::has_ended;
use super::conditions::{condition, is_behind, is_current, said, status};
use super::full_volume;
use super::record_requests::RecordRequest;
use crate::resource::{FieldPath, GATEWAY_GROUP, Identity, ReadyRule, is_builtin_group, is_house_group};

/// How long to wait for a controller that we do not know.
pub const TIME_OF_A_CONTROLLER: Duration = Duration::from_mins(10);

/// How long to wait until a pod has done its work; as long as for a Job.
const TIME_OF_A_RUN: Duration = Duration::from_mins(30);
/// Seconds by which an object says that it has no deadline.
/// Source: `progressDeadlineSeconds` in <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/>
const NO_DEADLINE: u64 = i32::MAX as u64;
/// A longer deadline of an object is not waited for: whoever means it says so in `timeouts.ready`.
const LONGEST_DEADLINE: Duration = Duration::from_hours(24);

/// Whether the object is ready, by the given rule, or else by the rule of its kind.
pub fn judge(
    identity: &Identity,
    object: &Value,
    rule: Option<&ReadyRule>,
    class: StorageClass,
) -> Readiness {
    // What has ended by itself may be taken away at once.
    if object.pointer("/metadata/deletionTimestamp").is_some() && !has_ended(identity, object) {
        return Readiness::failed("it is being deleted");
    }
    match rule {
        Some(ReadyRule::Written) => Readiness::Ready,
        Some(ReadyRule::Ended) if identity.is("", "Pod") => workloads::run_of_pod(object),
        Some(ReadyRule::Field(path)) => field(object, path),
        Some(ReadyRule::Condition { kind, status }) => by_rule(object, kind, status),
        Some(ReadyRule::Ended) | None => by_kind(identity, object, class),
    }
}

/// The same for an object that may have been ready once, by what is asked of it.
pub fn judge_by(
    standard: Standard,
    identity: &Identity,
    object: &Value,
    rule: Option<&ReadyRule>,
    class: StorageClass,
) -> Readiness {
    let readiness = judge(identity, object, rule, class);
    let is_fault = match (standard, &readiness) {
        (Standard::Working, Readiness::Waiting(_)) if rule.is_none() => {
            !is_behind(object) && !workloads::serves(identity, object)
        }
        _ => true,
    };
    if is_fault { readiness } else { Readiness::Ready }
}

/// Whether somebody has to ask for the health of an object: it does not say of itself that it is ready, or what it says
/// takes more to be judged. A claim that waits for its first consumer takes its class, a certificate a clock, the volume of a
/// registry the log of its pods, and what asks for records the servers of their zone.
pub fn takes_a_look(
    standard: Standard,
    identity: &Identity,
    object: &Value,
    rule: Option<&ReadyRule>,
) -> bool {
    let says_ready = judge_by(standard, identity, object, rule, StorageClass::default()) == Readiness::Ready;
    let may_be_full = standard == Standard::Working && full_volume::is_of_registry(identity, object);
    let asks_others = RecordRequest::of(identity, object).is_some();
    let may_be_unwell = may_be_full || asks_others || certificates::is_certificate(identity);
    !says_ready || (may_be_unwell && rule != Some(&ReadyRule::Written))
}

fn by_kind(identity: &Identity, object: &Value, class: StorageClass) -> Readiness {
    match (identity.group.as_str(), identity.kind.as_str()) {
        ("apps", "Deployment") => workloads::deployment(object),
        ("apps", "StatefulSet") => workloads::stateful_set(object),
        ("apps", "DaemonSet") => workloads::daemon_set(object),
        ("apps", "ReplicaSet") | ("", "ReplicationController") => workloads::replica_set(object),
        ("batch", "Job") => workloads::job(object),
        ("", "Pod") => workloads::pod(object),
        ("", "Namespace") => other_kinds::namespace(object),
        ("", "ResourceQuota") => other_kinds::quota(object),
        ("", "PersistentVolumeClaim") => other_kinds::claim(object, class),
        ("", "Service") => other_kinds::service(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => other_kinds::definition(object),
        ("apiregistration.k8s.io", "APIService") => other_kinds::api_service(object),
        (certificates::GROUP, "Certificate" | "Issuer" | "ClusterIssuer") => other_kinds::awaited(object),
        (GATEWAY_GROUP, "Gateway") => gateways::gateway(object),
        (GATEWAY_GROUP, _) if gateways::is_route(identity) => gateways::route(object),
        (group, _) if is_builtin_group(group) => Readiness::Ready,
        (group, _) if is_house_group(group) => Readiness::waiting("its house knows whether it is ready"),
        _ => other_kinds::custom(object),
    }
}

/// What to do where the object may wait for something that this cluster does not have, such as a cloud that gives
/// addresses. It is worth telling after some seconds.
pub fn way_out(identity: &Identity, object: &Value) -> Option<String> {
    let lacks = if identity.is("", "Service") && other_kinds::waits_for_address(object) {
        format!("nothing in this cluster gives addresses, {POOL}, or {BY_NODES}")
    } else if gateways::is_unanswered(identity, object) {
        match object.pointer("/spec/gatewayClassName").and_then(Value::as_str) {
            Some(class) => format!("no controller runs that answers for the class {class}, install one"),
            None => "no controller runs that answers for its Gateway, install one".to_owned(),
        }
    } else if gateways::is_refused(identity, object) {
        return Some(REFUSED_ROUTE.to_owned());
    } else {
        return None;
    };
    Some(format!(
        "if {lacks}; or stop with Ctrl-C and set `lifecycle.ready = {{ \"{}/{}\" = \"written\" }}`",
        identity.kind, identity.name
    ))
}

/// What to do where a Gateway takes no routes from there.
const REFUSED_ROUTE: &str = "have whoever keeps the Gateway take routes of this namespace in (`allowedRoutes` of the listener), or name another listener";

/// What gives addresses where no cloud does.
const POOL: &str = "give it a pool of them (MetalLB), or run `minikube tunnel`";

/// How a Service is reached that gets no address.
const BY_NODES: &str =
    "use a port of the nodes (`type = \"NodePort\"`; in a registry, `node_port` instead of `load_balancer`)";

/// What to do where a field may wait for an address that nothing gives.
pub fn way_to_address(path: &FieldPath) -> Option<String> {
    let path = path.to_string();
    let is_address = path.starts_with("status.loadBalancer") || path.starts_with("status.addresses");
    is_address.then(|| {
        format!(
            "if nothing in this cluster gives addresses, {POOL}; or lead the name to the nodes (`target = \"nodes\"`)"
        )
    })
}

/// Whether a field exists and is not empty.
pub fn field(object: &Value, path: &FieldPath) -> Readiness {
    let filled = match path.get(object) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::Object(map)) => !map.is_empty(),
        Some(Value::Bool(_) | Value::Number(_)) => true,
    };
    if filled { Readiness::Ready } else { Readiness::waiting(format!("`{path}` has no value yet")) }
}

fn by_rule(object: &Value, kind: &str, wanted: &str) -> Readiness {
    match condition(object, kind) {
        Some(found) if status(found) == wanted && is_current(object, found) => Readiness::Ready,
        Some(found) => Readiness::waiting(format!("the condition {} and not {wanted}", said(found))),
        None => Readiness::waiting(format!("there is no condition {kind} yet")),
    }
}

/// How long to wait until an object is ready, where the configuration sets no time: by the given rule, or
/// else by that of its kind. Without the object, it is the default time of its kind.
pub fn time_to_ready(identity: &Identity, object: Option<&Value>, rule: Option<&ReadyRule>) -> Duration {
    let deadline = |pointer: &str, otherwise: Duration| {
        let seconds = object.and_then(|object| object.pointer(pointer)).and_then(Value::as_u64);
        let seconds = seconds.filter(|seconds| *seconds < NO_DEADLINE);
        seconds.map_or(otherwise, |seconds| {
            LONGEST_DEADLINE.min(Duration::from_secs(seconds) + Duration::from_mins(1))
        })
    };
    match rule {
        Some(ReadyRule::Condition { .. } | ReadyRule::Field(_)) => TIME_OF_A_CONTROLLER,
        Some(ReadyRule::Written) => Duration::from_mins(1),
        Some(ReadyRule::Ended) if identity.is("", "Pod") => TIME_OF_A_RUN,
        Some(ReadyRule::Ended) | None => match (identity.group.as_str(), identity.kind.as_str()) {
            ("apps", "Deployment") => deadline("/spec/progressDeadlineSeconds", Duration::from_mins(10)),
            ("apps", _) | ("", "Service" | "ReplicationController") => Duration::from_mins(10),
            ("batch", "Job") => deadline("/spec/activeDeadlineSeconds", Duration::from_mins(30)),
            ("", "Pod" | "PersistentVolumeClaim") => Duration::from_mins(5),
            ("apiregistration.k8s.io", _) => Duration::from_mins(2),
            (group, _) if is_builtin_group(group) => Duration::from_mins(1),
            _ => TIME_OF_A_CONTROLLER,
        },
    }
}

#[cfg(test)]
mod tests;
