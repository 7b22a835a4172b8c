//! Claims of volumes in a rollback: one that has grown keeps its size. The server refuses to shrink it.

use std::cmp::Ordering;

use crate::kubernetes::quantity::compare;
use crate::provider::Provider;
use crate::resource::{Desired, Live, Reading};

/// Where a claim has its size.
const SIZE: &str = "/spec/resources/requests/storage";

/// Gives each claim that has grown since its present size. What was changed so, as notes for the reader of the plan.
pub(super) async fn keep_sizes(desired: &mut [Desired], provider: &dyn Provider) -> Vec<String> {
    let claims: Vec<&mut Desired> =
        desired.iter_mut().filter(|one| one.identity.is("", "PersistentVolumeClaim")).collect();
    if claims.is_empty() {
        return Vec::new();
    }
    let targets: Vec<_> = claims.iter().map(|claim| claim.target()).collect();
    let readings = provider.read(&targets).await;
    let notes = claims.into_iter().zip(readings).filter_map(|(claim, reading)| match reading {
        Reading::Present(live) => keep_size(claim, &live),
        Reading::Absent | Reading::Unreadable(_) => None,
    });
    notes.collect()
}

fn keep_size(claim: &mut Desired, live: &Live) -> Option<String> {
    let present = live.object.pointer(SIZE)?;
    let wanted = claim.object.pointer_mut(SIZE)?;
    if compare(present, wanted) != Some(Ordering::Greater) {
        return None;
    }
    wanted.clone_from(present);
    let size = present.as_str().map_or_else(|| present.to_string(), str::to_owned);
    Some(format!("{} keeps its size of {size}: a claim never shrinks.", claim.address))
}
