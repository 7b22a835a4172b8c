//! Which fields of an existing object cannot change, by kind, and what is lost when it is made anew.
//!
//! The server has the last word wherever it can be asked. The table serves where it cannot, and where its
//! answer names no more than `spec`. Each row was tried on kube-apiserver 1.36.

use serde_json::Value;

use crate::plan::model::change::{After, FieldChange};
use crate::plan::model::reason::{Loss, Reason};
use crate::resource::{FieldPath, Identity, Problem, ProblemKind, Segment};

struct Row {
    group: &'static str,
    kind: &'static str,
    fixed: Fixed,
    /// What is lost when it is made anew.
    loss: Loss,
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

const TABLE: &[Row] = &[
    row("apps", "Deployment", Fixed::These(&["spec.selector"]), Loss::RunningPods),
    row("apps", "DaemonSet", Fixed::These(&["spec.selector"]), Loss::RunningPods),
    row("apps", "ReplicaSet", Fixed::These(&["spec.selector"]), Loss::RunningPods),
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
        Loss::RunningPodsOfStatefulSet,
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
        Loss::JobRun,
    ),
    row(
        "",
        "Pod",
        Fixed::SpecBut(&[
            "spec.activeDeadlineSeconds",
            "spec.tolerations",
            "spec.terminationGracePeriodSeconds",
        ]),
        Loss::RunningPod,
    ),
    row("", "Service", Fixed::These(&["spec.clusterIP", "spec.clusterIPs"]), Loss::ClusterIp),
    row(
        "",
        "PersistentVolumeClaim",
        Fixed::SpecBut(&["spec.resources", "spec.volumeAttributesClassName"]),
        Loss::Data,
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
        Loss::VolumeOfClaim,
    ),
    row("", "ConfigMap", Fixed::OnceFrozen(&["data", "binaryData", "immutable"], &[]), Loss::Nothing),
    row("", "Secret", Fixed::OnceFrozen(&["data", "stringData", "immutable"], &["type"]), Loss::OtherKeys),
    row(RBAC, "RoleBinding", Fixed::These(&["roleRef"]), Loss::RightsMeanwhile),
    row(RBAC, "ClusterRoleBinding", Fixed::These(&["roleRef"]), Loss::RightsMeanwhile),
    row(
        STORAGE,
        "StorageClass",
        Fixed::These(&["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"]),
        Loss::StorageClassMeanwhile,
    ),
    row(
        STORAGE,
        "CSIDriver",
        Fixed::These(&["spec.attachRequired", "spec.fsGroupPolicy", "spec.volumeLifecycleModes"]),
        Loss::CsiDriverMeanwhile,
    ),
    row(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        Fixed::These(&["spec.group", "spec.names.kind", "spec.names.plural", "spec.scope"]),
        Loss::CustomResources,
    ),
    row(
        "scheduling.k8s.io",
        "PriorityClass",
        Fixed::These(&["value", "preemptionPolicy"]),
        Loss::PriorityOfRunningPods,
    ),
    row("networking.k8s.io", "IngressClass", Fixed::These(&["spec.controller"]), Loss::IngressClassMeanwhile),
    row("node.k8s.io", "RuntimeClass", Fixed::These(&["handler"]), Loss::RuntimeClassMeanwhile),
];

const fn row(group: &'static str, kind: &'static str, fixed: Fixed, loss: Loss) -> Row {
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

/// Marks the changes that the table says cannot be made to the object as it is; whether there are any. A
/// field whose value is known only after apply may well stay as it is, and is none of them.
pub(in crate::plan) fn flag_by_table(identity: &Identity, live: &Value, fields: &mut [FieldChange]) -> bool {
    let Some(row) = row_of(identity) else { return false };
    let mut any = false;
    for field in fields {
        let is_known = !matches!(field.after, After::Unknown(_));
        let may_change = identity.is("", "Pod") && is_image(&field.path);
        field.forces_replacement = is_known && !may_change && row.fixed.has(&field.path, live);
        any |= field.forces_replacement;
    }
    any
}

/// Marks the changes that the server will not make: those under the fields that it names, as narrowly as the
/// table tells.
pub(in crate::plan) fn flag_named(
    identity: &Identity,
    live: &Value,
    named: &[FieldPath],
    fields: &mut [FieldChange],
) {
    let by_table = flag_by_table(identity, live, fields);
    for field in fields {
        let is_named = |path: &FieldPath| path.contains(&field.path) || field.path.contains(path);
        // `spec` alone says nothing that the table would not say better.
        let exactly = named.iter().any(|path| path.segments().len() > 1 && is_named(path));
        field.forces_replacement |= exactly || (!by_table && named.iter().any(is_named));
    }
}

/// Why an object is made anew, and what that costs.
pub(in crate::plan) fn reasons(identity: &Identity, fields: &[FieldChange]) -> Vec<Reason> {
    let forcing = fields.iter().filter(|field| field.forces_replacement);
    let fields = forcing.map(|field| field.path.clone()).collect();
    let immutable = Reason::ImmutableFields { object_kind: identity.kind.clone(), fields };
    [immutable].into_iter().chain(loss(identity)).collect()
}

/// What making it anew costs, where the table says.
pub(in crate::plan) fn loss(identity: &Identity) -> Option<Reason> {
    row_of(identity).map(|row| Reason::ReplacementLoss { loss: row.loss })
}

/// The fields that the server will not change on an existing object, where that is what it says.
///
/// Most kinds give one cause for each such field; a `StatefulSet` names only `spec`.
pub(in crate::plan) fn named_by_server(problem: &Problem) -> Option<Vec<FieldPath>> {
    if problem.kind != ProblemKind::Rejected {
        return None;
    }
    let fields: Vec<_> = problem
        .causes
        .iter()
        .filter(|(_, _, words)| says_immutable(words))
        .filter_map(|(path, _, _)| path.clone())
        .collect();
    // Another cause beside them would remain after a replacement: then the user must mend that first.
    (!fields.is_empty() && fields.len() == problem.causes.len()).then_some(fields)
}

/// In the words of the API server's validations.
fn says_immutable(words: &str) -> bool {
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
mod tests;
