//! Asks the pods of a registry whether its volume is full, by their log.

use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use tokio::time::timeout;

use super::client::Kubernetes;
use super::pods::{self, Age, End};
use super::read;
use crate::kubernetes::full_volume::{CONTAINER, FullVolume, judge, labels_of_pods, serves_from};
use crate::resource::{Identity, Reading, Target};

/// For all questions about a volume together.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is read of each log. What is older says nothing of now: the volume may have been made larger, and nobody has pushed since.
const LAST: End = End { lines: 2_000, bytes: 2 << 20, age: Age::AtMost(Duration::from_hours(1)) };

/// Whether the volume of this claim is full. `None` also where nobody can tell: it is no claim of a registry, or the logs of
/// its pods may not be read.
pub(super) async fn full_volume(cluster: &Kubernetes, claim: &Identity) -> Option<FullVolume> {
    let target = Target { identity: claim.clone(), version: None };
    match read::read(cluster, &[target]).await.pop()? {
        Reading::Present(live) => by_claim(cluster, claim, &live.object).await,
        Reading::Absent | Reading::Unreadable(_) => None,
    }
}

/// The same by the claim as it was read.
pub(super) async fn by_claim(cluster: &Kubernetes, claim: &Identity, object: &Value) -> Option<FullVolume> {
    timeout(PATIENCE, ask(cluster, claim, object)).await.ok()?
}

async fn ask(cluster: &Kubernetes, claim: &Identity, object: &Value) -> Option<FullVolume> {
    let labels = Some(labels_of_pods(object)).filter(|labels| !labels.is_empty())?;
    let pods = pods::with_labels(cluster, claim.namespace.as_deref()?, &labels).await.ok()?;
    let serving = pods.iter().filter(|pod| serves_from(pod, claim));
    let logs = join_all(serving.map(|pod| pods::log(cluster, pod, CONTAINER, LAST))).await;
    // What one of them has stored meanwhile could be where nobody can read it.
    let whole = logs.into_iter().map(|log| log.filter(|log| log.len() < LAST.bytes));
    let logs: Vec<String> = whole.collect::<Option<_>>()?;
    judge(logs.iter().map(String::as_str))
}
