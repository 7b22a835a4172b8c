//! The API versions that Kubernetes has removed, and what took their place.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/deprecation-guide/>

/// What has become of a kind in a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemovedApi {
    /// The release of Kubernetes that no longer serves it: `1.22`.
    pub release: &'static str,
    /// What took its place.
    pub successor: Successor,
}

/// What took the place of a removed kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Successor {
    /// The same kind, in this `apiVersion`.
    Version(&'static str),
    /// Nothing of the same kind: this, in words.
    Otherwise(&'static str),
}

/// The removed `apiVersion`, its kinds, the release without it, and the `apiVersion` to use.
const MOVED: &[(&str, &[&str], &str, &str)] = &[
    (
        "admissionregistration.k8s.io/v1beta1",
        &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
        "1.22",
        "admissionregistration.k8s.io/v1",
    ),
    ("apiextensions.k8s.io/v1beta1", &["CustomResourceDefinition"], "1.22", "apiextensions.k8s.io/v1"),
    ("apiregistration.k8s.io/v1beta1", &["APIService"], "1.22", "apiregistration.k8s.io/v1"),
    ("apps/v1beta1", &["Deployment", "ReplicaSet", "StatefulSet"], "1.16", "apps/v1"),
    ("apps/v1beta2", &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"], "1.16", "apps/v1"),
    ("autoscaling/v2beta1", &["HorizontalPodAutoscaler"], "1.25", "autoscaling/v2"),
    ("autoscaling/v2beta2", &["HorizontalPodAutoscaler"], "1.26", "autoscaling/v2"),
    ("batch/v1beta1", &["CronJob"], "1.25", "batch/v1"),
    ("certificates.k8s.io/v1beta1", &["CertificateSigningRequest"], "1.22", "certificates.k8s.io/v1"),
    ("coordination.k8s.io/v1beta1", &["Lease"], "1.22", "coordination.k8s.io/v1"),
    ("discovery.k8s.io/v1beta1", &["EndpointSlice"], "1.25", "discovery.k8s.io/v1"),
    ("events.k8s.io/v1beta1", &["Event"], "1.25", "events.k8s.io/v1"),
    ("extensions/v1beta1", &["DaemonSet", "Deployment", "ReplicaSet"], "1.16", "apps/v1"),
    ("extensions/v1beta1", &["Ingress"], "1.22", "networking.k8s.io/v1"),
    ("extensions/v1beta1", &["NetworkPolicy"], "1.16", "networking.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta1", FLOW_CONTROL, "1.26", "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta2", FLOW_CONTROL, "1.29", "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta3", FLOW_CONTROL, "1.32", "flowcontrol.apiserver.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", &["Ingress", "IngressClass"], "1.22", "networking.k8s.io/v1"),
    ("node.k8s.io/v1beta1", &["RuntimeClass"], "1.25", "node.k8s.io/v1"),
    ("policy/v1beta1", &["PodDisruptionBudget"], "1.25", "policy/v1"),
    (
        "rbac.authorization.k8s.io/v1beta1",
        &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
        "1.22",
        "rbac.authorization.k8s.io/v1",
    ),
    ("scheduling.k8s.io/v1beta1", &["PriorityClass"], "1.22", "scheduling.k8s.io/v1"),
    (
        "storage.k8s.io/v1beta1",
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"],
        "1.22",
        "storage.k8s.io/v1",
    ),
    ("storage.k8s.io/v1beta1", &["CSIStorageCapacity"], "1.27", "storage.k8s.io/v1"),
];

const FLOW_CONTROL: &[&str] = &["FlowSchema", "PriorityLevelConfiguration"];

/// What has become of this kind in this `apiVersion`; `None` where Kubernetes has not removed it.
pub fn removed_api(api_version: &str, kind: &str) -> Option<RemovedApi> {
    if kind == "PodSecurityPolicy" && ["policy/v1beta1", "extensions/v1beta1"].contains(&api_version) {
        let successor = Successor::Otherwise(
            "Pod Security Admission: the label `pod-security.kubernetes.io/enforce` of the namespace",
        );
        return Some(RemovedApi { release: "1.25", successor });
    }
    let found = MOVED.iter().find(|(removed, kinds, ..)| *removed == api_version && kinds.contains(&kind))?;
    let (_, _, release, successor) = found;
    Some(RemovedApi { release, successor: Successor::Version(successor) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_removed_has_a_successor() {
        let ingress = removed_api("extensions/v1beta1", "Ingress").unwrap();
        assert_eq!(ingress.release, "1.22");
        assert_eq!(ingress.successor, Successor::Version("networking.k8s.io/v1"));
        assert_eq!(removed_api("extensions/v1beta1", "Deployment").unwrap().release, "1.16");
        let policy = removed_api("policy/v1beta1", "PodSecurityPolicy").unwrap();
        assert!(matches!(policy.successor, Successor::Otherwise(_)));
        assert_eq!(removed_api("apps/v1", "Deployment"), None);
    }

    #[test]
    fn no_successor_is_removed_itself() {
        for (_, kinds, _, successor) in MOVED {
            assert!(kinds.iter().all(|kind| removed_api(successor, kind).is_none()), "{successor}");
        }
    }
}
