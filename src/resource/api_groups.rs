//! API groups that the house knows by name.

/// The group of the Gateway API, which a cluster serves by CRDs.
/// Source: <https://gateway-api.sigs.k8s.io/reference/spec/>
pub const GATEWAY_GROUP: &str = "gateway.networking.k8s.io";

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_are_sorted_for_the_search() {
        assert!(BUILTIN_GROUPS.is_sorted());
    }
}
