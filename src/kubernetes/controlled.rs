//! What controllers write into objects, and what an export (`kubectl get -o yaml`) brings along.
//!
//! Sent again, these values fight with the controller, or name things of another cluster.

use serde_json::{Map, Value};

use crate::resource::{FieldPath, Identity, Segment};

/// Annotations that a controller counts or notes in.
const ANNOTATIONS: &[&str] = &[
    "autoscaling.alpha.kubernetes.io/conditions",
    "autoscaling.alpha.kubernetes.io/current-metrics",
    "control-plane.alpha.kubernetes.io/leader",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deployment.kubernetes.io/revision",
    "deprecated.daemonset.template.generation",
    "endpoints.kubernetes.io/last-change-trigger-time",
    "kubernetes.io/service-account.uid",
    BIND_COMPLETED,
    BOUND_BY_CONTROLLER,
    "volume.beta.kubernetes.io/storage-provisioner",
    "volume.kubernetes.io/selected-node",
    "volume.kubernetes.io/storage-provisioner",
];
const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";

/// Annotations that ask for the authority of a webhook to be put in.
const INJECTED: &[&str] = &[
    "cert-manager.io/inject-apiserver-ca",
    "cert-manager.io/inject-ca-from",
    "cert-manager.io/inject-ca-from-secret",
    "service.beta.openshift.io/inject-cabundle",
];

/// The field that holds the authority of a webhook, of a conversion or of an API service.
const AUTHORITY: &str = "caBundle";

/// Labels by which a Job finds its pods.
const OF_JOB: &[&str] = &["batch.kubernetes.io/controller-uid", "controller-uid"];

/// The fields of an object that are its controllers' business, whichever file they come from.
pub fn written_by_controllers(identity: &Identity, object: &Value) -> Vec<FieldPath> {
    let annotations = FieldPath::keys(["metadata", "annotations"]);
    let mut found: Vec<FieldPath> = ANNOTATIONS.iter().map(|key| annotations.key(*key)).collect();
    let annotation = |key: &&str| annotations.key(*key).get(object).is_some();
    if identity.is("", "PersistentVolumeClaim")
        && [BIND_COMPLETED, BOUND_BY_CONTROLLER].iter().any(annotation)
    {
        found.push(FieldPath::keys(["spec", "volumeName"]));
    }
    if identity.is("", "PersistentVolume") {
        found.extend(["uid", "resourceVersion"].map(|key| FieldPath::keys(["spec", "claimRef", key])));
    }
    let is_token = object.get("type").and_then(Value::as_str) == Some("kubernetes.io/service-account-token");
    if identity.is("", "Secret") && is_token {
        found.extend(["ca.crt", "namespace", "token"].map(|key| FieldPath::keys(["data", key])));
    }
    if identity.is("batch", "Job") && object.pointer("/spec/manualSelector") != Some(&Value::Bool(true)) {
        found.extend(of_job(object));
    }
    if INJECTED.iter().any(annotation) {
        bundles(&FieldPath::root(), object, &mut found);
    }
    found.retain(|path| path.get(object).is_some());
    found
}

/// The fields that only an exported object has: the server or the scheduler chose them.
pub fn chosen_in_an_export(identity: &Identity, object: &Value) -> Vec<FieldPath> {
    let metadata =
        |key: &str| object.pointer(&format!("/metadata/{key}")).is_some_and(|value| !value.is_null());
    if !metadata("uid") && !metadata("resourceVersion") {
        return Vec::new();
    }
    let mut found = Vec::new();
    if identity.is("", "Service") && object.pointer("/spec/clusterIP").and_then(Value::as_str) != Some("None")
    {
        found.extend(["clusterIP", "clusterIPs"].map(|key| FieldPath::keys(["spec", key])));
    }
    if identity.is("", "PersistentVolumeClaim") {
        found.push(FieldPath::keys(["spec", "volumeName"]));
    }
    if identity.is("", "Pod") {
        found.push(FieldPath::keys(["spec", "nodeName"]));
    }
    if identity.is("", "ServiceAccount") {
        found.push(FieldPath::keys(["secrets"]));
    }
    found.retain(|path| path.get(object).is_some());
    found
}

/// Whether an object asks an injector to fill in this field, by an annotation that `is_asked` knows.
pub fn is_injected(path: &FieldPath, is_asked: impl Fn(&FieldPath) -> bool) -> bool {
    let annotations = FieldPath::keys(["metadata", "annotations"]);
    is_authority(path) && INJECTED.iter().any(|key| is_asked(&annotations.key(*key)))
}

/// Whether a field is the authority of a webhook, of a conversion or of an API service.
fn is_authority(path: &FieldPath) -> bool {
    matches!(path.segments().last(), Some(Segment::Key(key)) if key == AUTHORITY)
}

/// The selector that the server makes for a Job, and the labels that belong to it.
fn of_job(object: &Value) -> Vec<FieldPath> {
    let template = FieldPath::keys(["spec", "template", "metadata", "labels"]);
    let own = FieldPath::keys(["metadata", "labels"]);
    let is_made = OF_JOB.iter().any(|key| template.key(*key).get(object).is_some());
    let labels = [template, own].into_iter().flat_map(|map| OF_JOB.iter().map(move |key| map.key(*key)));
    labels.chain(is_made.then(|| FieldPath::keys(["spec", "selector"]))).collect()
}

/// Every authority of a webhook, of a conversion or of an API service.
fn bundles(path: &FieldPath, value: &Value, found: &mut Vec<FieldPath>) {
    match value {
        Value::Object(map) => {
            for (key, below) in map {
                let path = path.key(key.as_str());
                if key == AUTHORITY { found.push(path) } else { bundles(&path, below, found) }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                bundles(&path.index(at), item, found);
            }
        }
        _ => {}
    }
}

/// Whether the object would lose the field if we owned it and left it out: then it has to be released first.
pub fn is_released(path: &FieldPath) -> bool {
    let last = path.segments().last();
    [AUTHORITY, "nodeName", "volumeName"].iter().any(|key| last == Some(&Segment::Key((*key).to_owned())))
}

/// Takes a field out, and the maps that are empty without it.
pub fn take_out(object: &mut Value, path: &FieldPath) {
    path.remove(object);
    let mut holder = path.parent();
    while let Some(map) = holder.filter(|map| {
        matches!(map.segments().last(), Some(Segment::Key(_)))
            && map.get(object).and_then(Value::as_object).is_some_and(Map::is_empty)
    }) {
        map.remove(object);
        holder = map.parent();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn left(identity: &Identity, object: &Value) -> Vec<String> {
        let all =
            written_by_controllers(identity, object).into_iter().chain(chosen_in_an_export(identity, object));
        let mut all: Vec<String> = all.map(|path| path.to_string()).collect();
        all.sort();
        all.dedup();
        all
    }

    #[test]
    fn what_a_controller_writes_is_told_from_what_a_user_means() {
        let core = |kind: &str| Identity::namespaced("", kind, "a", "x");
        let exported = json!({"uid": "u", "resourceVersion": "1"});
        for (identity, object, expected) in [
            (
                Identity::namespaced("apps", "Deployment", "a", "x"),
                json!({"metadata": {"annotations": {"deployment.kubernetes.io/revision": "3", "mine": "1"}}}),
                vec![r#"metadata.annotations["deployment.kubernetes.io/revision"]"#],
            ),
            (core("Service"), json!({"metadata": {}, "spec": {"clusterIP": "10.0.0.9"}}), vec![]),
            (
                core("Service"),
                json!({"metadata": exported, "spec": {"clusterIP": "10.0.0.9", "clusterIPs": ["10.0.0.9"]}}),
                vec!["spec.clusterIP", "spec.clusterIPs"],
            ),
            (core("Service"), json!({"metadata": exported, "spec": {"clusterIP": "None"}}), vec![]),
            (core("PersistentVolumeClaim"), json!({"metadata": {}, "spec": {"volumeName": "mine"}}), vec![]),
            (
                core("PersistentVolumeClaim"),
                json!({"metadata": {"annotations": {BIND_COMPLETED: "yes"}}, "spec": {"volumeName": "pv"}}),
                vec![r#"metadata.annotations["pv.kubernetes.io/bind-completed"]"#, "spec.volumeName"],
            ),
            (core("Pod"), json!({"metadata": exported, "spec": {"nodeName": "n"}}), vec!["spec.nodeName"]),
            (core("Pod"), json!({"metadata": {}, "spec": {"nodeName": "n"}}), vec![]),
            (
                core("Secret"),
                json!({"type": "kubernetes.io/service-account-token", "data": {"token": "dA==", "more": "dA=="}}),
                vec!["data.token"],
            ),
            (core("Secret"), json!({"type": "Opaque", "data": {"token": "dA=="}}), vec![]),
            (
                Identity::cluster("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", "x"),
                json!({"metadata": {"annotations": {"cert-manager.io/inject-ca-from": "a/b"}},
                       "webhooks": [{"clientConfig": {"caBundle": "Cg=="}}]}),
                vec!["webhooks[0].clientConfig.caBundle"],
            ),
            (
                Identity::cluster("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", "x"),
                json!({"metadata": {}, "webhooks": [{"clientConfig": {"caBundle": "Cg=="}}]}),
                vec![],
            ),
        ] {
            assert_eq!(left(&identity, &object), expected, "{object}");
        }
    }
}
