//! All `ServiceAccounts` of a cluster, as whole objects.

use super::survey::{Look, survey};
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::Served;
use crate::provider::kubernetes::pages::WithOwners;
use crate::resource::{GroupKind, Identity, Live, Problem, Target};

/// The accounts; and why they cannot be listed, where that is so.
///
/// # Errors
/// The server does not say how it speaks of them.
pub(in crate::provider::kubernetes) async fn accounts(
    cluster: &Kubernetes,
) -> Result<(Vec<Live>, Vec<(GroupKind, String)>), Problem> {
    let identity = Identity::namespaced("", "ServiceAccount", "default", "default");
    let served = cluster.discovery.served(&Target { identity, version: None }).await?;
    Ok(survey(cluster, served.into_iter().collect(), None, Look::at_all(whole)).await)
}

fn whole(_: &Served, item: WithOwners) -> Option<Live> {
    match item {
        WithOwners::Read(live) => Some(live),
        WithOwners::TooDeep(_) => None,
    }
}
