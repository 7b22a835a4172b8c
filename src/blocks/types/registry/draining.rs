//! How a pod ends whose place another one takes.
//!
//! A pod that is to end is told so at the same moment as those who lead requests to it, and these take a moment to learn it. So it goes
//! on for some seconds before it is told. The kubelet waits: the image of the registry has no program that could.
//!
//! Where the old pod ends before the new one starts, nothing is gained: nobody else would answer, and the gap would be longer.

use serde_json::{Value, json};

use super::common::Registry;
use super::spec::RegistrySpec;
use crate::blocks::facts::Need;
use crate::kubernetes::release::Release;

/// For how long a pod goes on. With `http.draintimeout` it is less than the time that a pod is given to end.
const SECONDS: u8 = 5;
/// The first release whose servers take such a wait unless they are told otherwise. Older ones refuse the field or drop it.
/// Source: `PodLifecycleSleepAction` in <https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/>
const SINCE: Release = Release(1, 30);

/// What must be known of the outside.
pub(super) fn needs(spec: &RegistrySpec) -> Option<Need> {
    spec.shares_store().then_some(Need::Capabilities)
}

/// What a pod does before it ends; `None` where it ends at once. A cluster that does not tell its version is taken for a newer one:
/// so a question that fails once rolls no pods.
pub(super) fn lifecycle(registry: &Registry<'_>) -> Option<Value> {
    let is_old = registry.kubernetes.and_then(Release::of).is_some_and(|release| release < SINCE);
    (registry.spec.shares_store() && !is_old).then(|| json!({"preStop": {"sleep": {"seconds": SECONDS}}}))
}
