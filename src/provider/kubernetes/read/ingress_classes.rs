//! The ingress classes of a cluster.

use super::survey::all_of;
use crate::kubernetes::ingress_classes::IngressClass;
use crate::provider::kubernetes::client::Kubernetes;
use crate::resource::{Identity, Problem, Target};

/// The ingress classes.
///
/// # Errors
/// They cannot be listed.
pub(in crate::provider::kubernetes) async fn ingress_classes(
    cluster: &Kubernetes,
) -> Result<Vec<IngressClass>, Problem> {
    let identity = Identity::cluster("networking.k8s.io", "IngressClass", "");
    let target = Target { identity, version: Some("v1".to_owned()) };
    Ok(all_of(cluster, &target, "ingress classes").await?.iter().filter_map(IngressClass::of).collect())
}
