//! Kinds that run nothing themselves.

use serde_json::Value;

use super::{Surroundings, Verdict, behind, condition, is_behind, is_current, said, text};

pub(super) fn namespace(object: &Value) -> Verdict {
    match object.pointer("/status/phase").and_then(Value::as_str) {
        Some("Active") => Verdict::Ready,
        Some("Terminating") => Verdict::failed("it is being deleted"),
        _ => Verdict::waiting("it is not active yet"),
    }
}

/// Why a namespace hangs, as its controller says.
pub(super) fn ending_namespace(object: &Value) -> Vec<String> {
    let all = object.pointer("/status/conditions").and_then(Value::as_array);
    all.into_iter()
        .flatten()
        .filter(|condition| text(condition, "status") == "True")
        .map(|condition| text(condition, "message").trim().to_owned())
        .filter(|message| !message.is_empty())
        .collect()
}

pub(super) fn claim(object: &Value, around: Surroundings) -> Verdict {
    match object.pointer("/status/phase").and_then(Value::as_str) {
        Some("Bound") => Verdict::Ready,
        Some("Lost") => Verdict::failed("its volume is lost"),
        // It is bound when a pod asks for it, and the pod comes only after the claim is ready.
        _ if around.waits_for_consumer => Verdict::Ready,
        _ => Verdict::waiting("it is not bound to a volume yet"),
    }
}

pub(super) fn service(object: &Value) -> Verdict {
    let is_balanced = object.pointer("/spec/type").and_then(Value::as_str) == Some("LoadBalancer");
    let addresses = object.pointer("/status/loadBalancer/ingress").and_then(Value::as_array);
    if is_balanced && addresses.is_none_or(Vec::is_empty) {
        return Verdict::waiting("the load balancer has no address yet");
    }
    Verdict::Ready
}

/// Whether discovery serves it is not looked at here.
pub(super) fn definition(object: &Value) -> Verdict {
    if let Some(names) = condition(object, "NamesAccepted").filter(|found| text(found, "status") == "False") {
        return Verdict::failed(format!("its names are refused: {}", said(names)));
    }
    if let Some(schema) =
        condition(object, "NonStructuralSchema").filter(|found| text(found, "status") == "True")
    {
        return Verdict::failed(format!("its schema is not structural: {}", text(schema, "message")));
    }
    match condition(object, "Established") {
        Some(found) if text(found, "status") == "True" => Verdict::Ready,
        Some(found) => Verdict::waiting(said(found)),
        None => Verdict::waiting("it is not established yet"),
    }
}

pub(super) fn api_service(object: &Value) -> Verdict {
    match condition(object, "Available") {
        Some(found) if text(found, "status") == "True" => Verdict::Ready,
        Some(found) => Verdict::waiting(said(found)),
        None => Verdict::waiting("it is not available yet"),
    }
}

/// A custom resource: by the conditions that controllers have agreed on.
pub(super) fn custom(object: &Value) -> Verdict {
    if is_behind(object) {
        return behind();
    }
    if let Some(stalled) = condition(object, "Stalled").filter(|found| text(found, "status") == "True") {
        return Verdict::failed(format!("it is stalled: {}", said(stalled)));
    }
    if let Some(busy) = condition(object, "Reconciling").filter(|found| text(found, "status") == "True") {
        return Verdict::waiting(said(busy));
    }
    for kind in ["Ready", "Available", "Programmed"] {
        let Some(found) = condition(object, kind) else { continue };
        if !is_current(object, found) {
            return behind();
        }
        return if text(found, "status") == "True" { Verdict::Ready } else { Verdict::waiting(said(found)) };
    }
    Verdict::Ready
}
