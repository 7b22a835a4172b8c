//! What objects lack to be ready, without waiting for it.

use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;

use super::cause::with_cause;
use super::{explain, storage_class};
use crate::kubernetes::certificates::renewal;
use crate::kubernetes::full_volume;
use crate::kubernetes::readiness::{Readiness, Standard, StorageClass, judge_by};
use crate::provider::Checkup;
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::full_volume::by_claim;

/// For how many objects the cluster is asked for a cause; it takes some requests for each. Where more are not ready,
/// they mostly have one cause.
const EXPLAINED: usize = 20;
/// How many are looked at at once.
const AT_ONCE: usize = 8;

/// What each object lacks; `None` for what is ready.
pub(in crate::provider::kubernetes) async fn lacks(
    cluster: &Kubernetes,
    checkups: &[Checkup],
) -> Vec<Option<String>> {
    // What says that it is ready takes no place from those that do not.
    let mut unready = 0;
    let looks: Vec<_> = checkups
        .iter()
        .map(|checkup| {
            unready += usize::from(!says_ready(checkup));
            look(cluster, checkup, unready <= EXPLAINED)
        })
        .collect();
    stream::iter(looks).buffered(AT_ONCE).collect().await
}

fn says_ready(checkup: &Checkup) -> bool {
    let Checkup { live, target, rule, standard } = checkup;
    let class = StorageClass::default();
    judge_by(*standard, &target.identity, &live.object, rule.as_ref(), class) == Readiness::Ready
}

async fn look(cluster: &Kubernetes, checkup: &Checkup, is_explained: bool) -> Option<String> {
    let (identity, object) = (&checkup.target.identity, &checkup.live.object);
    let class = storage_class::class_of(cluster, identity, object).await;
    let lacking = match judge_by(checkup.standard, identity, object, checkup.rule.as_ref(), class) {
        Readiness::Ready if full_volume::is_of_registry(identity, object) => {
            return by_claim(cluster, identity, object).await.map(|full| full.cause());
        }
        // What is ready by its own words may have grown old since.
        Readiness::Ready => renewal(identity, object, Timestamp::now())?.fault()?,
        Readiness::Waiting(lacking) | Readiness::Failed(lacking) => lacking,
    };
    let cause = if is_explained { explain::cause(cluster, identity, object).await } else { None };
    // What others scale, or what a node lets go, is no fault while its pods are on their way.
    let may_be_passing = checkup.standard == Standard::Working && is_explained && cause.is_none();
    if may_be_passing && explain::is_on_its_way(cluster, identity, object).await {
        return None;
    }
    Some(with_cause(&lacking, cause.as_deref()))
}
