//! All other kinds: rights, storage, scaling, disruption, definitions of kinds.

use serde_json::Value;

use super::facility::{Facility, Strength};
use super::labels::label_selector;
use super::walk::{CLAIM, Found, SECRET, SERVICE_ACCOUNT, STORAGE_CLASS};
use crate::resource::{FieldPath, GroupKind, Identity, PULL_ENTRY_GROUP, PULL_ENTRY_KIND, api_version_parts};

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

/// What objects of these kinds give besides themselves.
pub(super) fn provides(identity: &Identity, object: &Value) -> Vec<Facility> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let given = match (identity.group.as_str(), identity.kind.as_str()) {
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            text("/spec/group").zip(text("/spec/names/kind")).map(|(group, kind)| {
                Facility::Kind(GroupKind { group: group.to_owned(), kind: kind.to_owned() })
            })
        }
        // One without a Service is a group that the API server serves itself.
        ("apiregistration.k8s.io", "APIService") => {
            let group = text("/spec/group").filter(|_| text("/spec/service/name").is_some());
            group.map(|group| Facility::Group(group.to_owned()))
        }
        ("scheduling.k8s.io", "PriorityClass") => {
            let is_default = object.get("globalDefault").and_then(Value::as_bool) == Some(true);
            is_default.then_some(Facility::DefaultPriority)
        }
        ("", "PersistentVolume") => {
            text("/spec/claimRef/namespace").zip(text("/spec/claimRef/name")).map(|(namespace, name)| {
                Facility::VolumeFor(Identity::namespaced(CLAIM.0, CLAIM.1, namespace, name))
            })
        }
        (RBAC, "RoleBinding" | "ClusterRoleBinding") => {
            let subjects = object.get("subjects").and_then(Value::as_array);
            let accounts = subjects.into_iter().flatten().filter_map(|s| account(s, identity));
            return accounts.map(Facility::RightsOf).collect();
        }
        _ => None,
    };
    given.into_iter().collect()
}

/// The service account that a binding's subject is.
fn account(subject: &Value, binding: &Identity) -> Option<Identity> {
    let text = |key: &str| subject.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    if text("kind")? != SERVICE_ACCOUNT.1 {
        return None;
    }
    let namespace = text("namespace").or(binding.namespace.as_deref())?;
    Some(Identity::namespaced(SERVICE_ACCOUNT.0, SERVICE_ACCOUNT.1, namespace, text("name")?))
}

pub(super) fn requires(identity: &Identity, found: &mut Found<'_>) {
    match (identity.group.as_str(), identity.kind.as_str()) {
        (RBAC, "RoleBinding" | "ClusterRoleBinding") => binding(identity, found),
        ("", "ServiceAccount") => found.local("imagePullSecrets.*.name", SECRET, Strength::Useful),
        (PULL_ENTRY_GROUP, PULL_ENTRY_KIND) => {
            found.local("spec.account", SERVICE_ACCOUNT, Strength::Accepted);
            found.local("spec.secret", SECRET, Strength::Useful);
        }
        ("", "Secret") => token(found),
        ("", "PersistentVolumeClaim") => claim(identity, found),
        ("", "PersistentVolume") => {
            found.global("spec.storageClassName", STORAGE_CLASS, Strength::Useful);
            found.global("spec.csi.driver", ("storage.k8s.io", "CSIDriver"), Strength::Useful);
        }
        ("storage.k8s.io", "StorageClass") => {
            found.global("provisioner", ("storage.k8s.io", "CSIDriver"), Strength::Useful);
        }
        ("autoscaling", "HorizontalPodAutoscaler") => scale_target(found),
        ("policy", "PodDisruptionBudget") => disruption(found),
        (ADMISSION, "ValidatingAdmissionPolicyBinding") => {
            let policy = (ADMISSION, "ValidatingAdmissionPolicy");
            found.global("spec.policyName", policy, Strength::Useful);
        }
        (ADMISSION, "MutatingAdmissionPolicyBinding") => {
            let policy = (ADMISSION, "MutatingAdmissionPolicy");
            found.global("spec.policyName", policy, Strength::Useful);
        }
        ("cert-manager.io", "Certificate") => {
            let issuer = Some(("cert-manager.io", "Issuer"));
            found.typed("spec.issuerRef", "group", issuer, Strength::Running);
        }
        ("cert-manager.io", "Issuer" | "ClusterIssuer") => issuer(identity, found),
        _ => {}
    }
}

fn binding(identity: &Identity, found: &mut Found<'_>) {
    found.each("roleRef", |found, place| {
        let (Some(kind), Some(name)) = (place.get("kind"), place.get("name")) else { return };
        let role = match (kind, found.namespace()) {
            ("ClusterRole", _) => Identity::cluster(RBAC, kind, name),
            (_, Some(namespace)) => Identity::namespaced(RBAC, kind, namespace, name),
            (_, None) => return,
        };
        // The API server reads the role to check whether we may grant its rights.
        found.push(place.path().key("name"), Facility::Object(role), Strength::Accepted);
    });
    found.each("subjects.*", |found, place| {
        if let Some(account) = account(place.value, identity) {
            found.push(place.path().key("name"), Facility::Object(account), Strength::Useful);
        }
    });
}

/// Names that are proved by HTTP are proved through the controller of a class. Where cert-manager looks for the Secret of a
/// `ClusterIssuer`, the object does not say.
fn issuer(identity: &Identity, found: &mut Found<'_>) {
    let class = "spec.acme.solvers.*.http01.ingress.ingressClassName";
    found.global(class, ("networking.k8s.io", "IngressClass"), Strength::Useful);
    if identity.kind == "Issuer" {
        found.local("spec.ca.secretName", SECRET, Strength::Running);
    }
}

/// The server deletes the token of a service account that is not there.
fn token(found: &mut Found<'_>) {
    let Some(namespace) = found.namespace() else { return };
    found.each("metadata.annotations", |found, place| {
        const KEY: &str = "kubernetes.io/service-account.name";
        if let Some(name) = place.get(KEY) {
            let account = Identity::namespaced(SERVICE_ACCOUNT.0, SERVICE_ACCOUNT.1, namespace, name);
            found.push(place.path().key(KEY), Facility::Object(account), Strength::Accepted);
        }
    });
}

fn claim(identity: &Identity, found: &mut Found<'_>) {
    found.global("spec.storageClassName", STORAGE_CLASS, Strength::Running);
    let attributes = ("storage.k8s.io", "VolumeAttributesClass");
    found.global("spec.volumeAttributesClassName", attributes, Strength::Running);
    found.global("spec.volumeName", ("", "PersistentVolume"), Strength::Running);
    // A volume may name the claim instead. It is still the claim that waits.
    let path = FieldPath::keys(["metadata", "name"]);
    found.push(path, Facility::VolumeFor(identity.clone()), Strength::Running);
    for source in ["spec.dataSource", "spec.dataSourceRef"] {
        found.typed(source, "apiGroup", None, Strength::Running);
    }
}

fn scale_target(found: &mut Found<'_>) {
    let Some(namespace) = found.namespace() else { return };
    found.each("spec.scaleTargetRef", |found, place| {
        let (Some(kind), Some(name)) = (place.get("kind"), place.get("name")) else { return };
        let (group, _) = api_version_parts(place.get("apiVersion").unwrap_or_default());
        let target = Identity::namespaced(group, kind, namespace, name);
        found.push(place.path().key("name"), Facility::Object(target), Strength::Useful);
    });
}

fn disruption(found: &mut Found<'_>) {
    let Some(namespace) = found.namespace() else { return };
    found.each("spec.selector", |found, place| {
        if let Some(selection) = label_selector(namespace, place.value) {
            found.select(place.path(), selection, Strength::Useful);
        }
    });
}
