//! The steps of a resource, each a future: a write or a delete first, then the wait until it is ready.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::guarded;
use super::hooks::Leftover;
use super::place::Place;
use super::removal::{self, Removal};
use super::task::{Done, Task};
use crate::plan::Change;
use crate::provider::Provider;
use crate::resource::{Address, Live, Problem};

/// A step that was begun.
pub(super) type Step<'p> = BoxFuture<'p, StepResult>;

/// How a step ended.
pub(super) enum StepResult {
    /// The server answered a write or a delete; or it failed.
    Wrote { address: Address, result: Result<Done, Problem> },
    /// The wait until the resource is ready has ended.
    Settled { address: Address, result: Result<Option<Arc<Live>>, Problem> },
    /// The hook has ended, and what its chart wants deleted after that was deleted; with why it failed, if it did, and what
    /// could not be deleted.
    CleanedUp { address: Address, failed: Option<Problem>, gone: Vec<Address>, trouble: Vec<String> },
    /// The run was stopped while the step waited for a value: nothing was written.
    Cut { address: Address },
    /// The run was stopped while an object was on its way out: its deletion was asked for, and nothing was written in
    /// its place.
    Leaving { address: Address },
    /// The run was stopped while the step waited until the resource is ready: it was written.
    Unwaited { address: Address },
}

/// Deletes the object, and waits until it is gone.
pub(super) fn delete<'p>(
    change: &'p Change,
    made_here: BTreeSet<String>,
    mut place: Place,
    provider: &'p dyn Provider,
    progress: impl Fn(&str) + Send + Sync + 'p,
    stop: CancellationToken,
) -> Step<'p> {
    let address = change.address.clone();
    Box::pin(async move {
        match removal::remove(provider, change, &made_here, &mut place, &progress, &stop).await {
            Ok(Removal::Gone) => StepResult::Wrote { address, result: Ok(Done::Gone) },
            Ok(Removal::Asked) => StepResult::Leaving { address },
            Err(problem) => StepResult::Wrote { address, result: Err(problem) },
        }
    })
}

/// Waits for the values that the object lacks, removes what it replaces, then writes it.
pub(super) fn write<'p>(
    task: Task<'p>,
    mut place: Place,
    provider: &'p dyn Provider,
    progress: impl Fn(&str) + Send + Sync + 'p,
    stop: CancellationToken,
) -> Step<'p> {
    let address = task.change.address.clone();
    Box::pin(async move {
        if task.may_wait() {
            place.leave();
        }
        // The wait for a value, or for those who are to know it, can be long, so a stop ends it. A write is never cut.
        let prepared = tokio::select! {
            biased;
            prepared = task.object_to_write(provider, &progress) => prepared,
            () = stop.cancelled() => return StepResult::Cut { address },
        };
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(problem) => return StepResult::Wrote { address, result: Err(problem) },
        };
        place.take().await;
        match task.make_room(provider, &mut place, &progress, &stop).await {
            Ok(Removal::Gone) => {
                place.take().await;
                StepResult::Wrote { address, result: task.perform(prepared, provider).await }
            }
            Ok(Removal::Asked) => StepResult::Leaving { address },
            Err(problem) => StepResult::Wrote { address, result: Err(problem) },
        }
    })
}

/// Deletes what is left of hooks. What cannot be deleted is told, and makes nothing fail.
pub(super) fn clean_up(
    address: Address,
    failed: Option<Problem>,
    leftovers: Vec<Leftover>,
    provider: &dyn Provider,
) -> Step<'_> {
    Box::pin(async move {
        let how_it_ended = if failed.is_some() { "has failed" } else { "has done its work" };
        let mut trouble = Vec::new();
        let mut gone = Vec::new();
        for Leftover { address, target, live } in leftovers {
            match guarded::delete(provider, &target, &live, None).await {
                Ok(()) => gone.push(address),
                Err(problem) => trouble
                    .push(format!("{} {how_it_ended}, and could not be deleted: {problem}", target.identity)),
            }
        }
        StepResult::CleanedUp { address, failed, gone, trouble }
    })
}

/// Waits until the resource is ready.
pub(super) fn settle<'p>(
    task: Task<'p>,
    provider: &'p dyn Provider,
    progress: impl Fn(&str) + Send + Sync + 'p,
    stop: CancellationToken,
) -> Step<'p> {
    let address = task.change.address.clone();
    Box::pin(async move {
        tokio::select! {
            result = task.settle(provider, &progress) => StepResult::Settled { address, result },
            () = stop.cancelled() => StepResult::Unwaited { address },
        }
    })
}
