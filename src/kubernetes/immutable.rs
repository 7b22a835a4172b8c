//! Which fields of an existing object cannot change, by kind, and what is lost when the object is replaced.
//!
//! The server decides wherever it can be asked. These rules are used where it cannot, and where its answer
//! names only `spec`. Each rule was tried on kube-apiserver 1.36.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::resource::{FieldPath, Identity, Segment};

/// What is lost when an object is deleted and created again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Nothing but the object itself.
    Nothing,
    /// The pods of a workload: they are stopped and started again.
    RunningPods,
    /// The pods of a `StatefulSet`: they are stopped and started again, and its claims stay.
    RunningPodsOfStatefulSet,
    /// The pods of a job with their logs; the job runs again.
    JobRun,
    /// A pod with its logs.
    RunningPod,
    /// The cluster IP of a service.
    ClusterIp,
    /// The data of a volume claim.
    Data,
    /// The volume of a claim.
    VolumeOfClaim,
    /// The keys of a Secret that the configuration does not set.
    OtherKeys,
    /// The rights of a binding, until the new one exists.
    RightsMeanwhile,
    /// New volumes of a storage class, until the new class exists.
    StorageClassMeanwhile,
    /// How volumes are attached, until the new driver object exists.
    CsiDriverMeanwhile,
    /// All custom resources of a definition.
    CustomResources,
    /// The new priority, for pods that exist already.
    PriorityOfRunningPods,
    /// The controller of ingresses, until the new class exists.
    IngressClassMeanwhile,
    /// New pods of a runtime class, until the new class exists.
    RuntimeClassMeanwhile,
    /// What its controller made for a custom resource.
    MadeByController,
}

/// What we know of a kind.
struct Rule {
    group: &'static str,
    kind: &'static str,
    immutable: ImmutableFields,
    loss: Loss,
}

/// The fields of a kind that cannot change.
enum ImmutableFields {
    /// These fields.
    Only(&'static [&'static str]),
    /// Everything under `spec` except these.
    SpecExcept(&'static [&'static str]),
    /// Some fields always, others as soon as the live object has `immutable: true`.
    WhenMarked { marked: &'static [&'static str], always: &'static [&'static str] },
}

const RBAC: &str = "rbac.authorization.k8s.io";
const STORAGE: &str = "storage.k8s.io";

const RULES: &[Rule] = &[
    rule("apps", "Deployment", ImmutableFields::Only(&["spec.selector"]), Loss::RunningPods),
    rule("apps", "DaemonSet", ImmutableFields::Only(&["spec.selector"]), Loss::RunningPods),
    rule("apps", "ReplicaSet", ImmutableFields::Only(&["spec.selector"]), Loss::RunningPods),
    rule(
        "apps",
        "StatefulSet",
        ImmutableFields::SpecExcept(&[
            "spec.replicas",
            "spec.ordinals",
            "spec.template",
            "spec.updateStrategy",
            "spec.revisionHistoryLimit",
            "spec.persistentVolumeClaimRetentionPolicy",
            "spec.minReadySeconds",
        ]),
        Loss::RunningPodsOfStatefulSet,
    ),
    rule(
        "batch",
        "Job",
        ImmutableFields::Only(&[
            "spec.selector",
            "spec.template",
            "spec.completions",
            "spec.completionMode",
            "spec.podFailurePolicy",
            "spec.successPolicy",
            "spec.backoffLimitPerIndex",
            "spec.managedBy",
        ]),
        Loss::JobRun,
    ),
    rule(
        "",
        "Pod",
        ImmutableFields::SpecExcept(&[
            "spec.activeDeadlineSeconds",
            "spec.tolerations",
            "spec.terminationGracePeriodSeconds",
        ]),
        Loss::RunningPod,
    ),
    rule("", "Service", ImmutableFields::Only(&["spec.clusterIP", "spec.clusterIPs"]), Loss::ClusterIp),
    rule(
        "",
        "PersistentVolumeClaim",
        ImmutableFields::SpecExcept(&["spec.resources", "spec.volumeAttributesClassName"]),
        Loss::Data,
    ),
    rule(
        "",
        "PersistentVolume",
        ImmutableFields::SpecExcept(&[
            "spec.accessModes",
            "spec.capacity",
            "spec.claimRef",
            "spec.mountOptions",
            "spec.nodeAffinity",
            "spec.persistentVolumeReclaimPolicy",
            "spec.storageClassName",
            "spec.volumeAttributesClassName",
        ]),
        Loss::VolumeOfClaim,
    ),
    rule(
        "",
        "ConfigMap",
        ImmutableFields::WhenMarked { marked: &["data", "binaryData", "immutable"], always: &[] },
        Loss::Nothing,
    ),
    rule(
        "",
        "Secret",
        ImmutableFields::WhenMarked { marked: &["data", "stringData", "immutable"], always: &["type"] },
        Loss::OtherKeys,
    ),
    rule(RBAC, "RoleBinding", ImmutableFields::Only(&["roleRef"]), Loss::RightsMeanwhile),
    rule(RBAC, "ClusterRoleBinding", ImmutableFields::Only(&["roleRef"]), Loss::RightsMeanwhile),
    rule(
        STORAGE,
        "StorageClass",
        ImmutableFields::Only(&["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"]),
        Loss::StorageClassMeanwhile,
    ),
    rule(
        STORAGE,
        "CSIDriver",
        ImmutableFields::Only(&["spec.attachRequired", "spec.fsGroupPolicy", "spec.volumeLifecycleModes"]),
        Loss::CsiDriverMeanwhile,
    ),
    rule(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        ImmutableFields::Only(&["spec.group", "spec.names.kind", "spec.names.plural", "spec.scope"]),
        Loss::CustomResources,
    ),
    rule(
        "scheduling.k8s.io",
        "PriorityClass",
        ImmutableFields::Only(&["value", "preemptionPolicy"]),
        Loss::PriorityOfRunningPods,
    ),
    rule(
        "networking.k8s.io",
        "IngressClass",
        ImmutableFields::Only(&["spec.controller"]),
        Loss::IngressClassMeanwhile,
    ),
    rule("node.k8s.io", "RuntimeClass", ImmutableFields::Only(&["handler"]), Loss::RuntimeClassMeanwhile),
];

const fn rule(group: &'static str, kind: &'static str, immutable: ImmutableFields, loss: Loss) -> Rule {
    Rule { group, kind, immutable, loss }
}

fn rule_of(identity: &Identity) -> Option<&'static Rule> {
    RULES.iter().find(|rule| identity.is(rule.group, rule.kind))
}

impl ImmutableFields {
    fn contain(&self, path: &FieldPath, live: &Value) -> bool {
        match self {
            Self::Only(fields) => lies_in(fields, path),
            Self::SpecExcept(mutable) => lies_in(&["spec"], path) && !lies_in(mutable, path),
            Self::WhenMarked { marked, always } => {
                let is_marked = live.get("immutable") == Some(&Value::Bool(true));
                lies_in(always, path) || (is_marked && lies_in(marked, path))
            }
        }
    }
}

fn lies_in(fields: &[&str], path: &FieldPath) -> bool {
    fields.iter().any(|field| FieldPath::keys(field.split('.')).contains(path))
}

/// Whether the rules say that this field of an existing object cannot change; `live` is the object.
pub fn is_immutable(identity: &Identity, live: &Value, path: &FieldPath) -> bool {
    // The image is the only field of a pod's containers that may change.
    let is_image = path.segments().last() == Some(&Segment::Key("image".to_owned()));
    let may_change = identity.is("", "Pod") && is_image;
    !may_change && rule_of(identity).is_some_and(|rule| rule.immutable.contain(path, live))
}

/// What is lost when an object of this kind is replaced; `None` where no rule says.
pub fn loss(identity: &Identity) -> Option<Loss> {
    rule_of(identity).map(|rule| rule.loss)
}

/// Whether a server's message says that a field cannot change. The phrases are those of the API server's
/// validations, and those that definitions use in their own rules.
pub fn says_immutable(words: &str) -> bool {
    [
        "is immutable",
        "updates to statefulset spec for fields other than",
        "pod updates may not change fields other than",
        "may not change once set",
        "cannot be changed",
        "may not be changed",
        "cannot change roleRef",
        // What the server says of a rule without a message of its own.
        "failed rule: self == oldSelf",
    ]
    .iter()
    .any(|phrase| words.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_rule_says_what_is_immutable_and_what_is_lost() {
        let secret = Identity::namespaced("", "Secret", "a", "s");
        let path = |text: &str| text.parse().unwrap();
        assert!(is_immutable(&secret, &json!({}), &path("type")));
        assert!(!is_immutable(&secret, &json!({}), &path("data.k")));
        assert!(is_immutable(&secret, &json!({"immutable": true}), &path("data.k")));
        let pod = Identity::namespaced("", "Pod", "a", "p");
        assert!(is_immutable(&pod, &json!({}), &path("spec.containers[main].command")));
        assert!(!is_immutable(&pod, &json!({}), &path("spec.containers[main].image")));
        assert!(!is_immutable(&Identity::cluster("x.y", "Foo", "f"), &json!({}), &path("spec.x")));
        assert_eq!(loss(&secret), Some(Loss::OtherKeys));
    }

    #[test]
    fn the_names_of_losses_in_a_plan_file_are_stable() {
        let losses: Vec<Loss> = RULES.iter().map(|rule| rule.loss).collect();
        assert_eq!(
            json!(losses),
            json!([
                "running_pods",
                "running_pods",
                "running_pods",
                "running_pods_of_stateful_set",
                "job_run",
                "running_pod",
                "cluster_ip",
                "data",
                "volume_of_claim",
                "nothing",
                "other_keys",
                "rights_meanwhile",
                "rights_meanwhile",
                "storage_class_meanwhile",
                "csi_driver_meanwhile",
                "custom_resources",
                "priority_of_running_pods",
                "ingress_class_meanwhile",
                "runtime_class_meanwhile",
            ])
        );
        assert_eq!(json!(Loss::MadeByController), json!("made_by_controller"));
    }
}
