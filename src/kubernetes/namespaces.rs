//! What exists in every cluster without us: its own namespaces, and what controllers put into each namespace.

use crate::resource::Identity;

/// Whether every cluster has this namespace from the beginning.
/// Source: <https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/#initial-namespaces>
pub fn is_given(namespace: &str) -> bool {
    matches!(namespace, "default" | "kube-system" | "kube-public" | "kube-node-lease")
}

/// Whether the control plane puts such an object into every namespace, or derives it from other objects.
pub fn is_everywhere(identity: &Identity) -> bool {
    let by_kind =
        [("", "Event"), ("events.k8s.io", "Event"), ("", "Endpoints"), ("discovery.k8s.io", "EndpointSlice")];
    by_kind.iter().any(|(group, kind)| identity.is(group, kind))
        || (identity.is("", "ServiceAccount") && identity.name == "default")
        || (identity.is("", "ConfigMap") && identity.name == "kube-root-ca.crt")
}

/// Whether the API server makes this object for itself: its own Service, in the namespace `default`.
pub fn is_of_the_server(identity: &Identity) -> bool {
    let kinds = [("", "Service"), ("", "Endpoints"), ("discovery.k8s.io", "EndpointSlice")];
    identity.namespace.as_deref() == Some("default")
        && identity.name == "kubernetes"
        && kinds.iter().any(|(group, kind)| identity.is(group, kind))
}
