//! Pods and everything that makes pods.

use std::collections::BTreeMap;

use serde_json::Value;

use super::facility::{Facility, Strength};
use super::labels::pod_labels;
use super::walk::{CLAIM, CONFIG_MAP, Found, SECRET, SERVICE, SERVICE_ACCOUNT, STORAGE_CLASS};
use crate::resource::Identity;

/// Where a kind has its pod: the path to the map with the pod's `metadata` and `spec`.
pub(super) fn template(identity: &Identity) -> Option<&'static [&'static str]> {
    match (identity.group.as_str(), identity.kind.as_str()) {
        ("", "Pod") => Some(&[]),
        ("", "PodTemplate") => Some(&["template"]),
        ("", "ReplicationController")
        | ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("batch", "Job") => Some(&["spec", "template"]),
        ("batch", "CronJob") => Some(&["spec", "jobTemplate", "spec", "template"]),
        _ => None,
    }
}

/// Whether pods come of the object itself.
pub(super) fn makes_pods(identity: &Identity) -> bool {
    template(identity).is_some() && !identity.is("", "PodTemplate")
}

/// The labels of the pods that the object makes.
pub(super) fn labels(identity: &Identity, object: &Value, namespace: &str) -> Vec<Facility> {
    let Some(template) = template(identity).filter(|_| makes_pods(identity)) else { return Vec::new() };
    let Some(template) = template.iter().try_fold(object, |value, key| value.get(key)) else {
        return Vec::new();
    };
    let labels = template.pointer("/metadata/labels").and_then(Value::as_object);
    let labels: BTreeMap<&str, &str> = labels
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
        .collect();
    pod_labels(namespace, &labels)
}

pub(super) fn requires(identity: &Identity, found: &mut Found<'_>) {
    if let Some(template) = template(identity) {
        let path: String = template.iter().flat_map(|key| [key, "."]).collect();
        // A pod itself is refused without these; the controller of a template only retries.
        let strict = if template.is_empty() { Strength::Accepted } else { Strength::Running };
        found.inside(&format!("{path}spec"), |found| pod(strict, found));
    }
    if identity.is("apps", "StatefulSet") {
        found.local("spec.serviceName", SERVICE, Strength::Useful);
        let class = "spec.volumeClaimTemplates.*.spec.storageClassName";
        found.global(class, STORAGE_CLASS, Strength::Running);
    }
}

/// What a pod needs, from its `spec` on.
fn pod(strict: Strength, found: &mut Found<'_>) {
    for key in ["serviceAccountName", "serviceAccount"] {
        found.local(key, SERVICE_ACCOUNT, strict);
    }
    rights("serviceAccountName", found);
    found.global("priorityClassName", ("scheduling.k8s.io", "PriorityClass"), strict);
    found.each("", |found, place| {
        if place.get("priorityClassName").is_none() {
            found.push(place.path(), Facility::DefaultPriority, Strength::Useful);
        }
    });
    found.global("runtimeClassName", ("node.k8s.io", "RuntimeClass"), strict);
    found.local("imagePullSecrets.*.name", SECRET, Strength::Running);

    for containers in ["containers", "initContainers", "ephemeralContainers"] {
        let at = |rest: &str| format!("{containers}.*.{rest}");
        found.local_unless_optional(&at("env.*.valueFrom.configMapKeyRef"), "name", CONFIG_MAP);
        found.local_unless_optional(&at("env.*.valueFrom.secretKeyRef"), "name", SECRET);
        found.local_unless_optional(&at("envFrom.*.configMapRef"), "name", CONFIG_MAP);
        found.local_unless_optional(&at("envFrom.*.secretRef"), "name", SECRET);
    }

    found.local_unless_optional("volumes.*.configMap", "name", CONFIG_MAP);
    found.local_unless_optional("volumes.*.secret", "secretName", SECRET);
    found.local_unless_optional("volumes.*.projected.sources.*.configMap", "name", CONFIG_MAP);
    found.local_unless_optional("volumes.*.projected.sources.*.secret", "name", SECRET);
    found.local("volumes.*.persistentVolumeClaim.claimName", CLAIM, Strength::Running);
    let class = "volumes.*.ephemeral.volumeClaimTemplate.spec.storageClassName";
    found.global(class, STORAGE_CLASS, Strength::Running);
    found.local("volumes.*.csi.nodePublishSecretRef.name", SECRET, Strength::Running);
    found.global("volumes.*.csi.driver", ("storage.k8s.io", "CSIDriver"), Strength::Running);

    let claim = ("resource.k8s.io", "ResourceClaim");
    found.local("resourceClaims.*.resourceClaimName", claim, Strength::Running);
    let template = ("resource.k8s.io", "ResourceClaimTemplate");
    found.local("resourceClaims.*.resourceClaimTemplateName", template, Strength::Running);
}

/// A program that asks the API server starts best when its rights are there already.
fn rights(pattern: &str, found: &mut Found<'_>) {
    let Some(namespace) = found.namespace() else { return };
    found.each(pattern, |found, place| {
        if let Some(name) = place.text() {
            let account = Identity::namespaced("", "ServiceAccount", namespace, name);
            found.push(place.path(), Facility::RightsOf(account), Strength::Useful);
        }
    });
}
