//! How much objects use of the resources that a quota counts.

use serde_json::Value;

use crate::kubernetes::quantity::billionths;
use crate::plan::cures::effects::Effect;
use crate::plan::cures::values::outcome;
use crate::plan::model::fidelity::Deed;
use crate::resource::Identity;

/// The kinds whose objects make pods, and so use up what a namespace allows; each with the place of a pod's spec.
const POD_MAKERS: &[(&str, &str, &str)] = &[
    ("", "Pod", "/spec"),
    ("", "ReplicationController", "/spec/template/spec"),
    ("apps", "Deployment", "/spec/template/spec"),
    ("apps", "StatefulSet", "/spec/template/spec"),
    ("apps", "DaemonSet", "/spec/template/spec"),
    ("apps", "ReplicaSet", "/spec/template/spec"),
    ("batch", "Job", "/spec/template/spec"),
    ("batch", "CronJob", "/spec/jobTemplate/spec/template/spec"),
];

/// Whether objects like this one count for a resource of a quota.
pub(super) fn counts_for(object: &Identity, resource: &str) -> bool {
    let counted = match resource.strip_prefix("count/") {
        Some(counted) => counted,
        None if resource.ends_with("requests.storage") || resource.ends_with("persistentvolumeclaims") => {
            return object.is("", "PersistentVolumeClaim");
        }
        None if resource.starts_with("services") => return object.is("", "Service"),
        None => resource,
    };
    let (plural, group) = counted.split_once('.').unwrap_or((counted, ""));
    let computes = matches!(plural, "pods" | "cpu" | "memory" | "requests" | "limits" | "ephemeral-storage");
    object.group == group && object.group_kind().is_called(plural) || computes && pod_place(object).is_some()
}

/// Whether a changed object uses less of the resource afterwards.
pub(super) fn uses_less(effect: Effect<'_>, resource: &str) -> bool {
    let Some(before) = effect.before.filter(|_| effect.deed == Deed::Changed) else { return false };
    let used = |object: &Value| usage(effect.object, object, resource);
    // Of what is new in a list, only the object that is sent tells.
    let sent = effect.sent().map_or(0, used);
    used(&outcome(effect.change, before)).max(sent) < used(before)
}

fn pod_place(object: &Identity) -> Option<&'static str> {
    POD_MAKERS.iter().find(|(group, kind, _)| object.is(group, kind)).map(|(.., place)| *place)
}

/// How much it uses of a resource, in any unit; 0 where that is not known.
fn usage(identity: &Identity, object: &Value, resource: &str) -> i128 {
    if identity.is("", "Service") {
        return usage_of_service(object, resource);
    }
    let Some(pod) = pod_place(identity).and_then(|place| object.pointer(place)) else { return 0 };
    let containers = pod.get("containers").and_then(Value::as_array).into_iter().flatten();
    containers.filter_map(|container| demand(container.get("resources")?, resource)).sum()
}

fn usage_of_service(object: &Value, resource: &str) -> i128 {
    let of_type = object.pointer("/spec/type").and_then(Value::as_str);
    let ports = object.pointer("/spec/ports").and_then(Value::as_array).map_or(0, Vec::len);
    match (resource, of_type) {
        ("services.loadbalancers", Some("LoadBalancer")) => 1,
        ("services.nodeports", Some("NodePort" | "LoadBalancer")) => {
            i128::try_from(ports).unwrap_or(i128::MAX)
        }
        _ => 0,
    }
}

/// What a container requests, or is limited to: a request that is left out is its limit.
fn demand(resources: &Value, resource: &str) -> Option<i128> {
    let (part, name) = resource.split_once('.').unwrap_or(("requests", resource));
    let at = |part: &str| resources.get(part).and_then(|part| part.get(name));
    let value = if part == "requests" { at("requests").or_else(|| at("limits")) } else { at(part) };
    billionths(value?)
}
