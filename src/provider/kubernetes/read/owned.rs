//! Whether an object owns something whose end anybody waits for.

use std::collections::HashSet;

use super::survey::{Look, survey};
use crate::kubernetes::propagation::is_waited_for;
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::Served;
use crate::provider::kubernetes::shallow::Shallow;

/// Whether an object of this namespace, or of the cluster where there is none, names this one as its owner. What cannot
/// be seen may do so.
pub(in crate::provider::kubernetes) async fn owns_what_is_waited_for(
    cluster: &Kubernetes,
    namespace: Option<&str>,
    uid: &str,
) -> bool {
    let Ok((mut kinds, hidden)) = cluster.discovery.kinds().await else { return true };
    kinds.retain(|served| {
        is_waited_for(&served.group, &served.kind) && (served.namespaced || namespace.is_none())
    });
    let (owners, unlisted) = survey(cluster, kinds, namespace, Look::at_metadata(owners)).await;
    let is_hidden = hidden.iter().chain(&unlisted).any(|(kind, _)| is_waited_for(&kind.group, &kind.kind));
    is_hidden || owners.iter().any(|owners| owners.contains(uid))
}

fn owners(_: &Served, Shallow(item): Shallow) -> Option<HashSet<String>> {
    let owners = item.pointer("/metadata/ownerReferences")?.as_array()?;
    Some(owners.iter().filter_map(|owner| Some(owner.get("uid")?.as_str()?.to_owned())).collect())
}
