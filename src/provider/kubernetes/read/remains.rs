//! What is left in a cluster of the time of Helm 2 and of cert-manager before 1.0. A handful of requests; what may not be
//! read shows nothing.

use serde_json::Value;

use crate::kubernetes::remains::{
    DISABLE_VALIDATION, OF_RELEASES, OF_TILLER, OLD_CERT_MANAGER, Remain, remains,
};
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::encode;
use crate::provider::kubernetes::pages::METADATA;
use crate::provider::kubernetes::transport::{Call, JSON};
use crate::resource::Identity;

/// How many objects of a list are looked at.
const MOST: usize = 500;

/// What was found, each with the object that it is, or has it.
pub(in crate::provider::kubernetes) async fn found(cluster: &Kubernetes) -> Vec<(Identity, Remain)> {
    let lists = [
        list(cluster, &TILLER),
        list(cluster, &IN_CONFIG_MAPS),
        list(cluster, &IN_SECRETS),
        list(cluster, &NAMESPACES),
        list(cluster, &BINDINGS),
    ];
    let listed = futures::future::join_all(lists).await;
    let defined = definitions(cluster).await;
    let mut found: Vec<(Identity, Remain)> = listed.into_iter().flatten().chain(defined).collect();
    found.sort();
    found.dedup();
    found
}

/// A list of objects in which something may be left.
struct List {
    group: &'static str,
    kind: &'static str,
    path: &'static str,
    /// Which of them: a label selector.
    labels: &'static str,
    /// In which form they are asked for. Releases are large, and their labels say all.
    accept: &'static str,
}

const TILLER: List = List {
    group: "apps",
    kind: "Deployment",
    path: "/apis/apps/v1/deployments",
    labels: OF_TILLER,
    accept: METADATA,
};
const IN_CONFIG_MAPS: List =
    List { group: "", kind: "ConfigMap", path: "/api/v1/configmaps", labels: OF_RELEASES, accept: METADATA };
const IN_SECRETS: List = List { kind: "Secret", path: "/api/v1/secrets", ..IN_CONFIG_MAPS };
const NAMESPACES: List = List {
    group: "",
    kind: "Namespace",
    path: "/api/v1/namespaces",
    labels: DISABLE_VALIDATION,
    accept: METADATA,
};
/// These have no label: their subjects tell.
const BINDINGS: List = List {
    group: "rbac.authorization.k8s.io",
    kind: "ClusterRoleBinding",
    path: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    labels: "",
    accept: JSON,
};

/// What the objects of a list are, or have.
async fn list(cluster: &Kubernetes, wanted: &List) -> Vec<(Identity, Remain)> {
    let path = format!("{}?limit={MOST}&labelSelector={}", wanted.path, encode(wanted.labels));
    let call = Call { accept: wanted.accept, ..Call::get(path) };
    let Ok(answer) = cluster.transport.send(&call).await else { return Vec::new() };
    let items: &[Value] = answer.body.get("items").and_then(Value::as_array).map_or(&[], Vec::as_slice);
    let of_item = |item: &Value| {
        let text = |key: &str| Some(item.get("metadata")?.get(key)?.as_str()?.to_owned());
        let identity = Identity {
            group: wanted.group.to_owned(),
            kind: wanted.kind.to_owned(),
            namespace: text("namespace"),
            name: text("name").unwrap_or_default(),
        };
        remains(&identity, item).into_iter().map(move |remain| (identity.clone(), remain)).collect::<Vec<_>>()
    };
    items.iter().flat_map(of_item).collect()
}

/// The definitions of kinds that cert-manager does not read any more, by what is served.
async fn definitions(cluster: &Kubernetes) -> Vec<(Identity, Remain)> {
    let old = cluster.discovery.known_of(OLD_CERT_MANAGER).await;
    let definition = |plural: &str| {
        let name = format!("{plural}.{OLD_CERT_MANAGER}");
        Identity::cluster("apiextensions.k8s.io", "CustomResourceDefinition", name)
    };
    old.iter().map(|served| (definition(&served.plural), Remain::OldKind)).collect()
}
