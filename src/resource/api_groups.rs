//! The API groups of Kubernetes itself, and those of ours.

/// The API groups that Kubernetes itself serves; their kinds stand without the group in an address.
const BUILTIN_GROUPS: &[&str] = &[
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// Whether Kubernetes itself serves this API group.
pub fn is_builtin_group(group: &str) -> bool {
    BUILTIN_GROUPS.binary_search(&group).is_ok()
}

/// The domain of the API groups that are ours.
const OWN_DOMAIN: &str = "regplan.dev";

/// Whether the group is one of ours (`dns.regplan.dev`): its objects live in a house beside the cluster, where
/// nothing has a namespace and fields have no owners.
pub fn is_own_group(group: &str) -> bool {
    group.strip_suffix(OWN_DOMAIN).is_some_and(|name| name.len() > 1 && name.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_are_sorted_for_the_search() {
        assert!(BUILTIN_GROUPS.is_sorted());
    }
}
