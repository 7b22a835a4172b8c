//! The nodes of a cluster.

use super::survey::all_of;
use crate::kubernetes::nodes::addresses;
use crate::provider::kubernetes::client::Kubernetes;
use crate::resource::{Identity, Problem, Target};

/// The addresses at which the nodes are reached.
///
/// # Errors
/// They cannot be listed.
pub(in crate::provider::kubernetes) async fn node_addresses(
    cluster: &Kubernetes,
) -> Result<Vec<String>, Problem> {
    let target = Target { identity: Identity::cluster("", "Node", ""), version: Some("v1".to_owned()) };
    Ok(addresses(&all_of(cluster, &target, "nodes").await?))
}
