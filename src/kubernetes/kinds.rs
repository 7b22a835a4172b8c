//! Kinds that are special: those that belong to the whole cluster, those that define others, those that
//! hold data.

use serde_json::Value;

use crate::resource::{GroupKind, Identity, api_version_parts};

/// The kinds of Kubernetes itself that belong to the whole cluster, by group.
const CLUSTER_KINDS: &[(&str, &[&str])] = &[
    ("", &["ComponentStatus", "Namespace", "Node", "PersistentVolume"]),
    (
        "admissionregistration.k8s.io",
        &[
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ],
    ),
    (DEFINITION.0, &[DEFINITION.1]),
    (API_SERVICE.0, &[API_SERVICE.1]),
    ("authentication.k8s.io", &["SelfSubjectReview", "TokenReview"]),
    ("authorization.k8s.io", &["SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview"]),
    ("certificates.k8s.io", &["CertificateSigningRequest", "ClusterTrustBundle"]),
    ("flowcontrol.apiserver.k8s.io", &["FlowSchema", "PriorityLevelConfiguration"]),
    ("networking.k8s.io", &["IPAddress", "IngressClass", "ServiceCIDR"]),
    ("node.k8s.io", &["RuntimeClass"]),
    ("rbac.authorization.k8s.io", &["ClusterRole", "ClusterRoleBinding"]),
    ("resource.k8s.io", &["DeviceClass", "DeviceTaintRule", "ResourceSlice"]),
    ("scheduling.k8s.io", &["PriorityClass"]),
    (
        "storage.k8s.io",
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"],
    ),
];

/// The group and kind of a CRD.
const DEFINITION: (&str, &str) = ("apiextensions.k8s.io", "CustomResourceDefinition");
/// The group and kind that register a server for a whole group.
const API_SERVICE: (&str, &str) = ("apiregistration.k8s.io", "APIService");

/// The kinds that hold data, or other objects.
const HOLDERS: &[(&str, &str)] =
    &[("", "PersistentVolumeClaim"), ("apps", "StatefulSet"), ("", "Namespace"), DEFINITION];

/// The order in which Helm makes objects, by their kinds.
/// Source: `InstallOrder` in <https://github.com/helm/helm/blob/main/pkg/release/v1/util/kind_sorter.go>
const INSTALL_ORDER: &[&str] = &[
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// The place of a kind in the order in which Helm makes objects. A kind that it does not know comes last.
pub fn install_rank(kind: &str) -> usize {
    INSTALL_ORDER.iter().position(|known| *known == kind).unwrap_or(INSTALL_ORDER.len())
}

/// Whether objects of this kind of Kubernetes itself belong to the whole cluster. All other kinds of its own
/// groups live in namespaces.
pub fn is_cluster_kind(kind: &GroupKind) -> bool {
    CLUSTER_KINDS.iter().any(|(group, kinds)| *group == kind.group && kinds.contains(&kind.kind.as_str()))
}

/// Whether it is a namespace.
pub fn is_namespace(identity: &Identity) -> bool {
    identity.is("", "Namespace")
}

/// Whether it is a CRD.
pub fn is_definition(identity: &Identity) -> bool {
    identity.is(DEFINITION.0, DEFINITION.1)
}

/// The kind that an object defines; `None` where it is not a complete CRD.
pub fn defines(object: &Value) -> Option<GroupKind> {
    let (group, _) = api_version_parts(object.get("apiVersion")?.as_str()?);
    if (group, object.get("kind")?.as_str()?) != DEFINITION {
        return None;
    }
    let text = |pointer: &str| object.pointer(pointer)?.as_str().map(str::to_owned);
    Some(GroupKind { group: text("/spec/group")?, kind: text("/spec/names/kind")? })
}

/// The names of what a CRD makes the server serve, as Helm names them: `example.com/v1` and `example.com/v1/Foo` for
/// each version that is served. None for any other object.
/// Source: <https://helm.sh/docs/chart_template_guide/builtin_objects/>
pub fn defined_apis(object: &Value) -> Vec<String> {
    let Some(GroupKind { group, kind }) = defines(object) else { return Vec::new() };
    let versions = object.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten();
    let served = versions.filter(|version| version.get("served").and_then(Value::as_bool) == Some(true));
    let names = served.filter_map(|version| version.get("name")?.as_str());
    names.flat_map(|version| [format!("{group}/{version}"), format!("{group}/{version}/{kind}")]).collect()
}

/// The group that an object registers a server for; `None` where it is no complete `APIService`.
pub fn registers_group(object: &Value) -> Option<&str> {
    let (group, _) = api_version_parts(object.get("apiVersion")?.as_str()?);
    if (group, object.get("kind")?.as_str()?) != API_SERVICE {
        return None;
    }
    object.pointer("/spec/group")?.as_str()
}

/// Whether an object of this kind adds, changes or removes other kinds, so that discovery must be done again.
pub fn changes_discovery(identity: &Identity) -> bool {
    is_definition(identity) || identity.is(API_SERVICE.0, API_SERVICE.1)
}

/// Whether it decides which writes the server takes: an admission policy, its binding, a webhook configuration.
pub fn is_admission(identity: &Identity) -> bool {
    identity.group == "admissionregistration.k8s.io"
}

/// Whether more is lost with the object than its own fields: data, or the objects in it.
pub fn holds_more_than_itself(identity: &Identity) -> bool {
    HOLDERS.iter().any(|(group, kind)| identity.is(group, kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_complete_definition_defines_a_kind() {
        let definition = |spec: Value| json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec});
        let complete = definition(json!({"group": "x.y", "names": {"kind": "Foo"}}));
        assert_eq!(defines(&complete), Some(GroupKind { group: "x.y".into(), kind: "Foo".into() }));
        assert_eq!(defines(&definition(json!({"group": "x.y"}))), None);
        let other =
            json!({"apiVersion": "x.y/v1", "kind": "CustomResourceDefinition", "spec": complete["spec"]});
        assert_eq!(defines(&other), None);
    }
}
