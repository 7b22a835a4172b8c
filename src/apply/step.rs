//! The steps of a resource, each a future: a write or a delete first, then the wait until it is ready.

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::task::{self, Done, Task};
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
    Settled { address: Address, result: Result<Option<Live>, Problem> },
    /// The run was stopped while the step waited for a value: nothing was written.
    Cut { address: Address },
    /// The run was stopped while the step waited until the resource is ready: it was written.
    Unwaited { address: Address },
}

/// Deletes the object, and waits until it is gone.
pub(super) fn delete<'p>(
    change: &'p Change,
    provider: &'p dyn Provider,
    progress: impl Fn(&str) + Send + Sync + 'p,
    stop: CancellationToken,
) -> Step<'p> {
    let address = change.address.clone();
    Box::pin(async move {
        if let Err(problem) = task::ask_for_deletion(provider, change).await {
            return StepResult::Wrote { address, result: Err(problem) };
        }
        // The deletion is asked for. Until the object is gone it may take long, so a stop ends the wait.
        tokio::select! {
            biased;
            result = task::await_removal(provider, change, &progress) => {
                StepResult::Wrote { address, result: result.map(|()| Done::Gone) }
            }
            () = stop.cancelled() => StepResult::Cut { address },
        }
    })
}

/// Waits for the values that the object lacks, then writes it.
pub(super) fn write<'p>(
    task: Task<'p>,
    provider: &'p dyn Provider,
    progress: impl Fn(&str) + Send + Sync + 'p,
    stop: CancellationToken,
) -> Step<'p> {
    let address = task.change.address.clone();
    Box::pin(async move {
        // The wait for a value can be long, so a stop ends it. A write is never cut.
        let object = tokio::select! {
            biased;
            object = task.whole_object(provider, &progress) => object,
            () = stop.cancelled() => return StepResult::Cut { address },
        };
        let result = match object {
            Ok(object) => task.perform(object, provider, &progress).await,
            Err(problem) => Err(problem),
        };
        StepResult::Wrote { address, result }
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
