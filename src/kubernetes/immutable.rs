//! Which fields of an existing object cannot change, by kind, and what is lost when it is made anew.
//!
//! The server has the last word wherever it can be asked. The table serves where it cannot, and where its
//! answer names no more than `spec`. Each row was tried on kube-apiserver 1.36.

use serde_json::Value;

use crate::resource::{FieldPath, Identity, Segment};

struct Row {
    group: &'static str,
    kind: &'static str,
    fixed: Fixed,
    /// What is lost, as the end of a sentence.
    loss: &'static str,
}

enum Fixed {
    /// These fields.
    These(&'static [&'static str]),
    /// Everything under `spec` but these.
    SpecBut(&'static [&'static str]),
    /// These, as soon as the live object has `immutable: true`.
    OnceFrozen(&'static [&'static str], &'static [&'static str]),
}

const RBAC: &str = "rbac.authorization.k8s.io";
const STORAGE: &str = "storage.k8s.io";
const BOUND: &str = "until the new one is there, its subjects lack these rights";

const TABLE: &[Row] = &[
    row("apps", "Deployment", Fixed::These(&["spec.selector"]), "its pods are stopped, and started anew"),
    row("apps", "DaemonSet", Fixed::These(&["spec.selector"]), "its pods are stopped, and started anew"),
    row("apps", "ReplicaSet", Fixed::These(&["spec.selector"]), "its pods are stopped, and started anew"),
    row(
        "apps",
        "StatefulSet",
        Fixed::SpecBut(&[
            "spec.replicas",
            "spec.ordinals",
            "spec.template",
            "spec.updateStrategy",
            "spec.revisionHistoryLimit",
            "spec.persistentVolumeClaimRetentionPolicy",
            "spec.minReadySeconds",
        ]),
        "its pods are stopped, and started anew; its claims stay, unless its retention policy says otherwise",
    ),
    row(
        "batch",
        "Job",
        Fixed::These(&[
            "spec.selector",
            "spec.template",
            "spec.completions",
            "spec.completionMode",
            "spec.podFailurePolicy",
            "spec.successPolicy",
            "spec.backoffLimitPerIndex",
            "spec.managedBy",
        ]),
        "its pods and their logs go, and it runs once more",
    ),
    row(
        "",
        "Pod",
        Fixed::SpecBut(&[
            "spec.activeDeadlineSeconds",
            "spec.tolerations",
            "spec.terminationGracePeriodSeconds",
        ]),
        "it is stopped, its logs go, and it is started anew",
    ),
    row("", "Service", Fixed::These(&["spec.clusterIP", "spec.clusterIPs"]), "its cluster IP changes"),
    row(
        "",
        "PersistentVolumeClaim",
        Fixed::SpecBut(&["spec.resources", "spec.volumeAttributesClassName"]),
        "its data are lost",
    ),
    row(
        "",
        "PersistentVolume",
        Fixed::SpecBut(&[
            "spec.accessModes",
            "spec.capacity",
            "spec.claimRef",
            "spec.mountOptions",
            "spec.nodeAffinity",
            "spec.persistentVolumeReclaimPolicy",
            "spec.storageClassName",
            "spec.volumeAttributesClassName",
        ]),
        "its claim loses its volume, and with the reclaim policy Delete the data are lost",
    ),
    row(
        "",
        "ConfigMap",
        Fixed::OnceFrozen(&["data", "binaryData", "immutable"], &[]),
        "nothing else is lost",
    ),
    row(
        "",
        "Secret",
        Fixed::OnceFrozen(&["data", "stringData", "immutable"], &["type"]),
        "keys that the configuration does not set go",
    ),
    row(RBAC, "RoleBinding", Fixed::These(&["roleRef"]), BOUND),
    row(RBAC, "ClusterRoleBinding", Fixed::These(&["roleRef"]), BOUND),
    row(
        STORAGE,
        "StorageClass",
        Fixed::These(&["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"]),
        "volumes stay as they are; until the new one is there, no claim of this class is served",
    ),
    row(
        STORAGE,
        "CSIDriver",
        Fixed::These(&["spec.attachRequired", "spec.fsGroupPolicy", "spec.volumeLifecycleModes"]),
        "until the new one is there, its volumes are attached as if there were none",
    ),
    row(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        Fixed::These(&["spec.group", "spec.names.kind", "spec.names.plural", "spec.scope"]),
        "all custom resources of it die",
    ),
    row(
        "scheduling.k8s.io",
        "PriorityClass",
        Fixed::These(&["value", "preemptionPolicy"]),
        "pods that are there keep their priority",
    ),
    row(
        "networking.k8s.io",
        "IngressClass",
        Fixed::These(&["spec.controller"]),
        "until the new one is there, no controller serves its Ingresses",
    ),
    row(
        "node.k8s.io",
        "RuntimeClass",
        Fixed::These(&["handler"]),
        "until the new one is there, no pod of it starts",
    ),
];

const fn row(group: &'static str, kind: &'static str, fixed: Fixed, loss: &'static str) -> Row {
    Row { group, kind, fixed, loss }
}

fn row_of(identity: &Identity) -> Option<&'static Row> {
    TABLE.iter().find(|row| identity.is(row.group, row.kind))
}

impl Fixed {
    fn has(&self, path: &FieldPath, live: &Value) -> bool {
        match self {
            Self::These(fields) => lies_in(fields, path),
            Self::SpecBut(open) => lies_in(&["spec"], path) && !lies_in(open, path),
            Self::OnceFrozen(frozen, always) => {
                let is_frozen = live.get("immutable") == Some(&Value::Bool(true));
                lies_in(always, path) || (is_frozen && lies_in(frozen, path))
            }
        }
    }
}

/// The one field of a pod's containers that may change.
fn is_image(path: &FieldPath) -> bool {
    path.segments().last() == Some(&Segment::Key("image".to_owned()))
}

fn lies_in(fields: &[&str], path: &FieldPath) -> bool {
    fields.iter().any(|field| FieldPath::keys(field.split('.')).contains(path))
}

/// Whether the field cannot change on this live object. Kinds that the table does not know have no such
/// field here.
pub fn is_immutable(identity: &Identity, live: &Value, path: &FieldPath) -> bool {
    let may_change = identity.is("", "Pod") && is_image(path);
    !may_change && row_of(identity).is_some_and(|row| row.fixed.has(path, live))
}

/// What is lost when the object is made anew, as the end of a sentence; `None` for kinds that the table does
/// not know.
pub fn loss(identity: &Identity) -> Option<&'static str> {
    row_of(identity).map(|row| row.loss)
}

/// Whether the server says with these words of a cause that a field cannot change. They are those of its own
/// validations.
pub fn says_immutable(words: &str) -> bool {
    [
        "field is immutable",
        "is immutable after creation",
        "updates to statefulset spec for fields other than",
        "pod updates may not change fields other than",
        "may not change once set",
        "may not be changed in an update",
        "cannot change roleRef",
    ]
    .iter()
    .any(|phrase| words.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fixed(identity: &Identity, live: &Value, path: &str) -> bool {
        is_immutable(identity, live, &path.parse().unwrap())
    }

    #[test]
    fn a_kind_may_fix_some_fields_or_all_but_some() {
        let set = Identity::namespaced("apps", "StatefulSet", "a", "db");
        assert!(fixed(&set, &json!({}), "spec.serviceName"));
        assert!(!fixed(&set, &json!({}), "spec.template.spec.containers[web].image"));
        assert!(!fixed(&set, &json!({}), "metadata.labels.a"));
        let pod = Identity::namespaced("", "Pod", "a", "p");
        assert!(fixed(&pod, &json!({}), "spec.containers[web].command"));
        assert!(!fixed(&pod, &json!({}), "spec.containers[web].image"));
        let custom = Identity::namespaced("x.y", "Foo", "a", "f");
        assert!(!fixed(&custom, &json!({}), "spec.a") && loss(&custom).is_none());
    }

    #[test]
    fn data_are_fixed_as_soon_as_the_object_says_so() {
        let secret = Identity::namespaced("", "Secret", "a", "s");
        assert!(!fixed(&secret, &json!({}), "data.k"));
        assert!(fixed(&secret, &json!({"immutable": true}), "data.k"));
        assert!(fixed(&secret, &json!({}), "type"));
    }
}
