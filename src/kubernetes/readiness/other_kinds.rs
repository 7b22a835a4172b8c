//! The readiness of kinds that run no pods.

use serde_json::Value;

use super::verdict::{Readiness, StorageClass};
use crate::kubernetes::conditions::{
    condition, is_behind, is_current, said, status, strange_generation, text,
};

pub(super) fn namespace(object: &Value) -> Readiness {
    match object.pointer("/status/phase").and_then(Value::as_str) {
        Some("Active") => Readiness::Ready,
        Some("Terminating") => Readiness::failed("it is being deleted"),
        _ => Readiness::waiting("it is not active yet"),
    }
}

/// Until the status repeats the limits, the server refuses what they would count.
pub(super) fn quota(object: &Value) -> Readiness {
    let limits = |place: &str| object.pointer(place).filter(|limits| !limits.is_null());
    if limits("/spec/hard") == limits("/status/hard") {
        return Readiness::Ready;
    }
    Readiness::waiting("its limits are not in force yet")
}

pub(super) fn claim(object: &Value, class: StorageClass) -> Readiness {
    match object.pointer("/status/phase").and_then(Value::as_str) {
        Some("Bound") => Readiness::Ready,
        Some("Lost") => Readiness::failed("its volume is lost"),
        // It is bound only when a pod uses it, and we create the pod only after the claim is ready.
        _ if class.waits_for_consumer => Readiness::Ready,
        _ => Readiness::waiting("it is not bound to a volume yet"),
    }
}

pub(super) fn service(object: &Value) -> Readiness {
    if waits_for_address(object) {
        return Readiness::waiting("the load balancer has no address yet");
    }
    Readiness::Ready
}

/// Whether a Service is a load balancer that has no address yet.
pub(super) fn waits_for_address(service: &Value) -> bool {
    let is_balanced = service.pointer("/spec/type").and_then(Value::as_str) == Some("LoadBalancer");
    let addresses = service.pointer("/status/loadBalancer/ingress").and_then(Value::as_array);
    is_balanced && addresses.is_none_or(Vec::is_empty)
}

/// A CRD, without a check whether discovery serves the kind.
pub(super) fn definition(object: &Value) -> Readiness {
    if let Some(names) = condition(object, "NamesAccepted").filter(|found| status(found) == "False") {
        return Readiness::failed(format!("its names are refused: {}", said(names)));
    }
    if let Some(schema) = condition(object, "NonStructuralSchema").filter(|found| status(found) == "True") {
        return Readiness::failed(format!("its schema is not structural: {}", text(schema, "message")));
    }
    match condition(object, "Established") {
        Some(found) if status(found) == "True" => Readiness::Ready,
        Some(found) => Readiness::waiting(said(found)),
        None => Readiness::waiting("it is not established yet"),
    }
}

pub(super) fn api_service(object: &Value) -> Readiness {
    match condition(object, "Available") {
        Some(found) if status(found) == "True" => Readiness::Ready,
        Some(found) => Readiness::waiting(said(found)),
        None => Readiness::waiting("it is not available yet"),
    }
}

/// A custom resource of which we know that its controller gives it the condition `Ready`.
pub(super) fn awaited(object: &Value) -> Readiness {
    if condition(object, "Ready").is_none() {
        return Readiness::waiting("its controller has not looked at it yet");
    }
    custom(object)
}

/// A custom resource, by the conditions that are a convention among controllers.
pub(super) fn custom(object: &Value) -> Readiness {
    if let Some(seen) = strange_generation(object) {
        return Readiness::waiting(format!(
            "its `status.observedGeneration` is {seen}, which is not a number"
        ));
    }
    if is_behind(object) {
        return Readiness::behind();
    }
    if let Some(stalled) = condition(object, "Stalled").filter(|found| status(found) == "True") {
        return Readiness::failed(format!("it is stalled: {}", said(stalled)));
    }
    if let Some(busy) = condition(object, "Reconciling").filter(|found| status(found) == "True") {
        return Readiness::waiting(said(busy));
    }
    for kind in ["Ready", "Available", "Programmed"] {
        let Some(found) = condition(object, kind) else { continue };
        if !is_current(object, found) {
            return Readiness::behind();
        }
        return if status(found) == "True" { Readiness::Ready } else { Readiness::waiting(said(found)) };
    }
    Readiness::Ready
}
