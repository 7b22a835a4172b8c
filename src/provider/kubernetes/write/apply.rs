//! Server-side apply: tried without changing anything, or done, also where answers get lost.

use std::time::Duration;

use tokio::time::sleep;

use super::lost_write::{LostWrite, look_up, overtaken, unknown};
use super::request::ApplyRequest;
use super::tries::Tries;
use crate::kubernetes::certifier::asked_in;
use crate::kubernetes::kinds::changes_discovery;
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::problem::{self, is_uncounted, is_webhook_silence};
use crate::provider::kubernetes::transport::CallError;
use crate::provider::{Write, Written};
use crate::resource::{Problem, ProblemKind};

/// For how long a write waits for an admission webhook that does not answer: its pods are often just
/// starting. A dry-run does not wait.
const WEBHOOK_PATIENCE: Duration = Duration::from_secs(30);
/// For how long a write waits for a quota that does not count a new kind yet. A dry-run does not wait.
const QUOTA_PATIENCE: Duration = Duration::from_mins(1);
/// Between two tries of a write that is refused only for now.
const PAUSE: Duration = Duration::from_secs(1);

/// What applying would come to (server dry-run).
pub(in crate::provider::kubernetes) async fn preview(
    cluster: &Kubernetes,
    write: &Write,
) -> Result<Written, Problem> {
    let request = ApplyRequest::new(cluster, write).await?;
    match request.send_dry(&write.guard).await {
        Ok(written) => Ok(written),
        Err(failure) => Err(request.explained(failure).await),
    }
}

/// Applies.
pub(in crate::provider::kubernetes) async fn write(
    cluster: &Kubernetes,
    write: &Write,
) -> Result<Written, Problem> {
    let request = ApplyRequest::new(cluster, write).await?;
    let written = apply(&request).await?;
    if changes_discovery(request.identity()) {
        cluster.discovery.forget().await;
    }
    if asked_in(request.identity()).is_none() {
        cluster.seen_whole.forget().await;
    }
    Ok(written)
}

/// Everything that is no definite refusal is looked up: the server may have done it all the same.
async fn apply(request: &ApplyRequest<'_>) -> Result<Written, Problem> {
    let mut tries = Tries::new(request.cluster.transport.budget());
    let mut last = None;
    while tries.next().await {
        let failure = match send(request, &tries).await {
            Ok(written) => return Ok(written),
            Err(failure) => failure,
        };
        let is_definite = problem::is_definite(&failure);
        if is_definite && !tries.unanswered {
            return Err(request.explained(failure).await);
        }
        tries.unanswered = true;
        match look_up(request).await? {
            LostWrite::Done(written) => return Ok(written),
            LostWrite::NotDone if is_definite && !is_guards(&failure) => {
                return Err(request.explained(failure).await);
            }
            LostWrite::NotDone => last = Some(failure),
            LostWrite::Other => return Err(taken(request, failure).await),
            LostWrite::Overtaken => return Err(overtaken(request.identity())),
        }
    }
    Err(unanswered(request, &tries, last).await)
}

/// Sends it. It is not processed as long as an admission webhook does not answer, or a quota does not count, so it may
/// be repeated.
async fn send(request: &ApplyRequest<'_>, tries: &Tries) -> Result<Written, CallError> {
    loop {
        let failure = match request.send().await {
            Ok(written) => return Ok(written),
            Err(failure) => failure,
        };
        if tries.elapsed() >= patience(&failure) {
            return Err(failure);
        }
        sleep(PAUSE).await;
    }
}

/// For how long a refusal may pass by itself.
fn patience(failure: &CallError) -> Duration {
    match failure {
        CallError::Refused(refusal) if is_webhook_silence(refusal) => WEBHOOK_PATIENCE,
        CallError::Refused(refusal) if is_uncounted(refusal) => QUOTA_PATIENCE,
        _ => Duration::ZERO,
    }
}

/// Whether a refusal may be that of a guard.
fn is_guards(failure: &CallError) -> bool {
    matches!(failure, CallError::Refused(refusal) if matches!(refusal.code, 409 | 422))
}

/// Somebody else was there while our write got no answer.
async fn taken(request: &ApplyRequest<'_>, failure: CallError) -> Problem {
    if is_guards(&failure) {
        return request.explained(failure).await;
    }
    let identity = request.identity();
    let message = format!("{identity} was changed by somebody else while our write got no answer");
    Problem::new(ProblemKind::Conflict, message)
}

/// No try was answered by a yes or a no. The last one was not done when it was looked up; it may be done later.
async fn unanswered(request: &ApplyRequest<'_>, tries: &Tries, last: Option<CallError>) -> Problem {
    let identity = request.identity();
    if let Some(failure @ CallError::Refused(_)) = last {
        let problem = request.explained(failure).await;
        return unknown(identity, &problem.message).caused_by(problem);
    }
    unknown(identity, &format!("the server has given no answer for {} s", tries.elapsed().as_secs()))
}
