//! The nodes of a cluster.

use serde_json::Value;

use super::survey::{Look, survey};
use crate::kubernetes::nodes::addresses;
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::Served;
use crate::provider::kubernetes::pages::WithOwners;
use crate::resource::{Identity, Problem, ProblemKind, Target};

/// The addresses at which the nodes are reached.
///
/// # Errors
/// They cannot be listed.
pub(in crate::provider::kubernetes) async fn node_addresses(
    cluster: &Kubernetes,
) -> Result<Vec<String>, Problem> {
    let target = Target { identity: Identity::cluster("", "Node", ""), version: Some("v1".to_owned()) };
    let Some(served) = cluster.discovery.served(&target).await? else {
        return Err(cluster.unknown_kind(&target).await);
    };
    let (nodes, hidden) = survey(cluster, vec![served], None, Look::at_all(whole)).await;
    match hidden.into_iter().next() {
        None => Ok(addresses(&nodes)),
        Some((_, reason)) => {
            Err(Problem::new(ProblemKind::Other, format!("the nodes cannot be listed: {reason}")))
        }
    }
}

fn whole(_: &Served, item: WithOwners) -> Option<Value> {
    match item {
        WithOwners::Read(live) => Some(live.object),
        WithOwners::TooDeep(_) => None,
    }
}
