//! The readiness of kinds that run pods.

use serde_json::Value;

use super::verdict::Readiness;
use crate::kubernetes::conditions::{condition, count, is_behind, said, status, text};
use crate::resource::Identity;

/// The progress of a rollout in words, such as `1 of 3 pods available`.
fn of_pods(done: i64, wanted: i64, what: &str) -> Readiness {
    let pods = if wanted == 1 { "pod" } else { "pods" };
    Readiness::waiting(format!("{done} of {wanted} {pods} {what}"))
}

/// Whether the status says nothing about the latest generation; then it cannot be used.
fn is_unseen(object: &Value) -> bool {
    is_behind(object) || object.pointer("/status/observedGeneration").is_none()
}

fn wanted(object: &Value) -> i64 {
    object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1)
}

fn is_true(object: &Value, pointer: &str) -> bool {
    object.pointer(pointer) == Some(&Value::Bool(true))
}

/// Why the pods of a workload cannot be made; `None` where it does not say that.
fn without_pods(object: &Value) -> Option<String> {
    let failure = condition(object, "ReplicaFailure").filter(|found| status(found) == "True")?;
    Some(format!("its pods cannot be made: {}", text(failure, "message")))
}

pub(super) fn deployment(object: &Value) -> Readiness {
    if is_unseen(object) {
        return Readiness::behind();
    }
    if is_true(object, "/spec/paused") {
        return Readiness::Ready;
    }
    let wanted = wanted(object);
    let updated = count(object, "/status/updatedReplicas");
    let available = count(object, "/status/availableReplicas");
    let old = count(object, "/status/replicas") - updated;
    let without_pods = without_pods(object).filter(|_| available < wanted);
    if let Some(progressing) = condition(object, "Progressing")
        && text(progressing, "reason") == "ProgressDeadlineExceeded"
    {
        // That it took too long says nothing of the cause.
        let why = without_pods.unwrap_or_else(|| text(progressing, "message").to_owned());
        return Readiness::failed(format!("its rollout made no progress in time: {why}"));
    }
    if let Some(why) = without_pods {
        return Readiness::waiting(why);
    }
    if updated < wanted {
        return of_pods(updated, wanted, "updated");
    }
    if old > 0 {
        return Readiness::waiting(format!(
            "{old} old {} still there",
            if old == 1 { "pod is" } else { "pods are" }
        ));
    }
    if available < wanted {
        return of_pods(available, wanted, "available");
    }
    Readiness::Ready
}

/// Whether it is a Deployment of which enough pods are available, by what it allows to be missing in a rollout.
pub(super) fn serves(identity: &Identity, object: &Value) -> bool {
    let is_available = condition(object, "Available").is_some_and(|found| status(found) == "True");
    identity.is("apps", "Deployment") && is_available
}

pub(super) fn stateful_set(object: &Value) -> Readiness {
    if is_unseen(object) {
        return Readiness::behind();
    }
    let wanted = wanted(object);
    let ready = count(object, "/status/readyReplicas");
    let updated = count(object, "/status/updatedReplicas");
    let strategy =
        object.pointer("/spec/updateStrategy/type").and_then(Value::as_str).unwrap_or("RollingUpdate");
    if strategy == "RollingUpdate" {
        // Pods with an ordinal below the partition keep the old revision on purpose.
        let partition = count(object, "/spec/updateStrategy/rollingUpdate/partition");
        let to_update = (wanted - partition).max(0);
        let is_done = text(object.get("status").unwrap_or(&Value::Null), "updateRevision")
            == text(object.get("status").unwrap_or(&Value::Null), "currentRevision");
        if updated < to_update && !is_done {
            return of_pods(updated, to_update, "updated");
        }
    }
    if ready < wanted {
        return of_pods(ready, wanted, "ready");
    }
    let available = object.pointer("/status/availableReplicas").and_then(Value::as_i64).unwrap_or(ready);
    if available < wanted {
        return of_pods(available, wanted, "available");
    }
    if count(object, "/status/replicas") > wanted {
        return Readiness::waiting("surplus pods are still there");
    }
    Readiness::Ready
}

pub(super) fn daemon_set(object: &Value) -> Readiness {
    if is_unseen(object) {
        return Readiness::behind();
    }
    let wanted = count(object, "/status/desiredNumberScheduled");
    let updated = count(object, "/status/updatedNumberScheduled");
    let available = count(object, "/status/numberAvailable");
    let strategy = object.pointer("/spec/updateStrategy/type").and_then(Value::as_str);
    if updated < wanted && strategy != Some("OnDelete") {
        return of_pods(updated, wanted, "updated");
    }
    if available < wanted {
        return of_pods(available, wanted, "available");
    }
    Readiness::Ready
}

pub(super) fn replica_set(object: &Value) -> Readiness {
    if is_unseen(object) {
        return Readiness::behind();
    }
    let wanted = wanted(object);
    let available = count(object, "/status/availableReplicas");
    if let Some(why) = without_pods(object) {
        return Readiness::waiting(why);
    }
    if available < wanted {
        return of_pods(available, wanted, "available");
    }
    if count(object, "/status/replicas") > wanted {
        return Readiness::waiting("surplus pods are still there");
    }
    Readiness::Ready
}

pub(super) fn job(object: &Value) -> Readiness {
    for (kind, is_failure) in [("Failed", true), ("FailureTarget", true), ("Complete", false)] {
        let Some(found) = condition(object, kind).filter(|found| status(found) == "True") else {
            continue;
        };
        return if is_failure {
            Readiness::failed(format!("it has failed: {}", said(found)))
        } else {
            Readiness::Ready
        };
    }
    if is_true(object, "/spec/suspend") {
        return Readiness::Ready;
    }
    let done = count(object, "/status/succeeded");
    let failed = count(object, "/status/failed");
    let wanted = object.pointer("/spec/completions").and_then(Value::as_i64).unwrap_or(1);
    let tries = if failed > 0 { format!(", {failed} failed") } else { String::new() };
    Readiness::waiting(format!(
        "{done} of {wanted} {} succeeded{tries}",
        if wanted == 1 { "pod" } else { "pods" }
    ))
}

/// A pod that is to do its work and end.
pub(super) fn run_of_pod(object: &Value) -> Readiness {
    match pod(object) {
        Readiness::Ready if !has_succeeded(object) => Readiness::waiting("it has not ended yet"),
        other => other,
    }
}

fn has_succeeded(pod: &Value) -> bool {
    pod.pointer("/status/phase").and_then(Value::as_str) == Some("Succeeded")
}

pub(super) fn pod(object: &Value) -> Readiness {
    match object.pointer("/status/phase").and_then(Value::as_str) {
        Some("Succeeded") => return Readiness::Ready,
        Some("Failed") => {
            let message = object.pointer("/status/message").and_then(Value::as_str);
            return Readiness::failed(
                message.map_or_else(|| "it has failed".to_owned(), |why| format!("it has failed: {why}")),
            );
        }
        _ => {}
    }
    match condition(object, "Ready") {
        Some(ready) if status(ready) == "True" => Readiness::Ready,
        Some(ready) => Readiness::waiting(said(ready)),
        None => Readiness::waiting("no node was found for it yet"),
    }
}
