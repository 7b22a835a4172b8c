//! All objects of a namespace, as a whole.

use std::collections::HashSet;

use super::survey::{Look, survey};
use crate::provider::Inventory;
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::Served;
use crate::provider::kubernetes::pages::WithOwners;
use crate::resource::{Identity, Live, Problem};

/// The objects of all kinds that live in this namespace, a list for each kind. A kind that cannot be listed is named
/// with the reason.
///
/// # Errors
/// Where not even the kinds can be found out.
pub(in crate::provider::kubernetes) async fn inventory(
    cluster: &Kubernetes,
    namespace: &str,
) -> Result<Inventory, Problem> {
    let (kinds, mut hidden) = cluster.discovery.namespaced().await?;
    let (mut seen, unlisted) = survey(cluster, kinds, Some(namespace), Look::at_all(whole)).await;
    hidden.extend(unlisted);
    hidden.sort();
    seen.sort_by_cached_key(|live| Identity::of(&live.object));
    // Some objects are served in more than one group.
    let mut uids = HashSet::new();
    seen.retain(|live| uids.insert(live.stamp.uid.clone()));
    Ok(Inventory { seen, hidden })
}

/// What has no uid is computed (metrics) and no object; what is nested too deeply to be read cannot be written down.
fn whole(_: &Served, item: WithOwners) -> Option<Live> {
    match item {
        WithOwners::Read(live) => Some(live).filter(|live| !live.stamp.uid.is_empty()),
        WithOwners::TooDeep(_) => None,
    }
}
