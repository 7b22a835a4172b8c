//! The annotations by which an object is known as ours, and those of other tools that we read.

use serde_json::Value;

use crate::resource::FieldPath;

/// The annotation that names the project of an object.
pub const PROJECT: &str = "regplan.dev/project";
/// The annotation that names the lineage of the state that made it.
pub const LINEAGE: &str = "regplan.dev/lineage";
/// The annotation that names its address.
pub const ADDRESS: &str = "regplan.dev/address";
/// The annotation that says that deleting it needs consent, so that removing the block does not lift it.
pub const PROTECT: &str = "regplan.dev/protect";

/// The annotation that names the fields that nobody may see (a JSON list of paths, never of values), so that
/// they stay hidden in the plan that takes them out of the configuration.
pub const SENSITIVE: &str = "regplan.dev/sensitive";

/// The annotation in which `kubectl apply` notes what it applied last, every value included.
/// Source: <https://kubernetes.io/docs/reference/labels-annotations-taints/#kubectl-kubernetes-io-last-applied-configuration>
pub const KUBECTL_NOTE: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Whether the field is a mark of ours.
pub fn is_ours_path(path: &FieldPath) -> bool {
    [PROJECT, LINEAGE, ADDRESS, PROTECT, SENSITIVE]
        .iter()
        .any(|key| path.is_keys(&["metadata", "annotations", key]))
}

/// The fields of a live object that an earlier configuration said nobody may see.
pub fn hidden_in(live: &Value) -> Vec<FieldPath> {
    let mark = FieldPath::keys(["metadata", "annotations", SENSITIVE]).get(live).and_then(Value::as_str);
    mark.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Whether this is the field of that note: it goes before the write, so no answer to a write shows it.
pub fn is_note_of_kubectl(path: &FieldPath) -> bool {
    path.is_keys(&["metadata", "annotations", KUBECTL_NOTE])
}
