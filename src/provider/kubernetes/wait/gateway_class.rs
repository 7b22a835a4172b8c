//! Why nobody answers for a Gateway, by its class.

use std::time::Duration;

use serde_json::Value;

use crate::kubernetes::class_controllers::{may_run, without_controller};
use crate::kubernetes::readiness;
use crate::provider::ToCome;
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::read::get;
use crate::resource::{Identity, Reading, Target};

/// How long a controller has to answer: one that runs does so within a second, and one that has just become ready may
/// still have to become the leader among its pods.
pub(super) const FOR_A_CONTROLLER: Duration = Duration::from_secs(15);

/// Why nobody answers for this Gateway; `None` where somebody has, where somebody may still come, and where nobody knows.
pub(super) async fn lack(
    cluster: &Kubernetes,
    gateway: &Identity,
    object: &Value,
    to_come: &ToCome,
) -> Option<String> {
    let identity = readiness::unanswered_class(gateway, object)?;
    if to_come.any(|other| *other == identity || may_run(other)) {
        return None;
    }
    let target = Target { identity, version: None };
    // It only ends a wait: what cannot be read ends nothing.
    let served = cluster.discovery.served(&target).await.ok().flatten()?;
    match get(cluster, &served, &target.identity).await {
        Reading::Present(class) => without_controller(&target.identity, Some(&class.object)),
        Reading::Absent => without_controller(&target.identity, None),
        Reading::Unreadable(_) => None,
    }
}
