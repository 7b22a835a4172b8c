//! The names of field managers: ours, and those of the control plane.

/// The field manager of a project. It contains the project's name, because two configurations that apply one
/// object under the same manager would silently remove each other's fields.
pub fn field_manager(project: &str) -> String {
    format!("regplan:{project}")
}

/// The field manager that writes entries of `imagePullSecrets`. The list is one field that all projects share.
pub const PULL_ENTRY_MANAGER: &str = "regplan-pull-entries";

/// Whether a manager is regplan's, for whatever project.
pub fn is_ours(manager: &str) -> bool {
    manager.starts_with("regplan:")
}

/// Whether a manager is a part of the control plane, which will write its fields again.
pub fn is_control_plane(manager: &str) -> bool {
    manager.starts_with("kube-")
        || ["kubelet", "cloud-controller-manager", "clusterrole-aggregation-controller"].contains(&manager)
}
