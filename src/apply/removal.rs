//! The removal of an object: its deletion is asked for, then its end is waited for.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::guarded;
use super::place::Place;
use crate::plan::{Action, Change};
use crate::provider::{Progress, Provider, Until, Wait};
use crate::resource::{Problem, Stamp, Target};

/// For how long a stop lets the wait go on. Most objects are gone at once, and what replaces them is then written too.
const GRACE: Duration = Duration::from_secs(2);

/// How far a removal has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removal {
    /// The object is gone, or there was none.
    Gone,
    /// The deletion was asked for. A stop ended the wait for its end.
    Asked,
}

/// Asks for the deletion of the object that the plan was made with, and waits until it is gone; its place is left for
/// that. `made_here` has the uids of what this run has made, which may go with it.
pub(super) async fn remove(
    provider: &dyn Provider,
    change: &Change,
    made_here: &BTreeSet<String>,
    place: &mut Place,
    progress: Progress<'_>,
    stop: &CancellationToken,
) -> Result<Removal, Problem> {
    // It is gone already.
    let Some(live) = change.prior.as_deref() else { return Ok(Removal::Gone) };
    let successor = (change.action == Action::Replace).then_some(change);
    guarded::holds_nothing_new(provider, change, live, made_here).await?;
    guarded::delete(provider, &change.target, live, successor).await?;
    place.leave();
    await_end(provider, &change.target, &live.stamp, change.timeouts.delete, progress, stop).await
}

/// Waits until the object is gone whose deletion was asked for. That may take long, so a stop ends the wait.
pub(super) async fn await_end(
    provider: &dyn Provider,
    target: &Target,
    stamp: &Stamp,
    timeout: Option<Duration>,
    progress: Progress<'_>,
    stop: &CancellationToken,
) -> Result<Removal, Problem> {
    let until = Until::Gone { uid: stamp.uid.clone() };
    let wait = Wait { timeout, ..Wait::of(target.clone(), until) };
    let stopped = async {
        stop.cancelled().await;
        sleep(GRACE).await;
    };
    tokio::select! {
        biased;
        gone = provider.wait(&wait, progress) => gone.map(|_| Removal::Gone),
        () = stopped => Ok(Removal::Asked),
    }
}
