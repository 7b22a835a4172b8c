//! The names under which fields are owned.

/// The field manager of a project. It carries the project's name, because two configurations that apply
/// one object under the same manager remove each other's fields without a word.
pub fn field_manager(project: &str) -> String {
    format!("regplan:{project}")
}

/// Whether a manager is a part of the control plane, which goes on with what it does.
pub fn is_control_plane(manager: &str) -> bool {
    manager.starts_with("kube-")
        || ["kubelet", "cloud-controller-manager", "clusterrole-aggregation-controller"].contains(&manager)
}
