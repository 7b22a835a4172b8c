//! The names of fields of Kubernetes' own kinds that are atomic: one field manager owns the whole map or
//! list.
//!
//! The source is the schema of the API (`x-kubernetes-map-type`, `x-kubernetes-list-type`; a list without a
//! type is atomic, a map without one is not). A name is listed only if it is atomic everywhere in the
//! server's own kinds; an integration test compares the list with the server's `OpenAPI` documents. If a name
//! is missing, it only costs a dry-run.

/// The names of atomic maps and structs.
pub const MAPS: &[&str] = &[
    "configMapKeyRef",
    "dataSource",
    "fieldRef",
    "fileKeyRef",
    "namespaceSelector",
    "nodePublishSecretRef",
    "nodeSelector",
    "objectSelector",
    "podSelector",
    "port",
    "requiredDuringSchedulingIgnoredDuringExecution",
    "resourceFieldRef",
    "roleRef",
    "secretKeyRef",
    "selector",
    "targetRef",
];

/// The names of atomic lists.
pub const LISTS: &[&str] = &[
    "accessModes",
    "add",
    "admissionReviewVersions",
    "args",
    "command",
    "drop",
    "egress",
    "envFrom",
    "externalIPs",
    "ingress",
    "ipFamilies",
    "items",
    "loadBalancerSourceRanges",
    "metrics",
    "mountOptions",
    "nameservers",
    "policyTypes",
    "preferredDuringSchedulingIgnoredDuringExecution",
    "readinessGates",
    "requiredDuringSchedulingIgnoredDuringExecution",
    "rules",
    "searches",
    "sources",
    "subjects",
    "supplementalGroups",
    "sysctls",
    "tls",
    "tolerations",
    "versions",
    "volumeClaimTemplates",
];
