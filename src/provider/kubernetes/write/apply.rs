//! Server-side apply: tried without changing anything, or done, also where answers get lost.

use std::time::Duration;

use tokio::time::sleep;

use super::lost_write::{LostWrite, look_up, unknown};
use super::request::ApplyRequest;
use super::tries::Tries;
use crate::kubernetes::kinds::changes_discovery;
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::problem::is_webhook_silence;
use crate::provider::kubernetes::transport::CallError;
use crate::provider::{Write, Written};
use crate::resource::{Problem, ProblemKind};

/// For how long a write waits for an admission webhook that does not answer: its pods are often just
/// starting. A dry-run does not wait.
const WEBHOOK_PATIENCE: Duration = Duration::from_secs(30);
/// Between two tries to reach it.
const WEBHOOK_PAUSE: Duration = Duration::from_secs(1);

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
    Ok(written)
}

async fn apply(request: &ApplyRequest<'_>) -> Result<Written, Problem> {
    let mut tries = Tries::new();
    while tries.next().await {
        let failure = match request.send().await {
            Ok(written) => return Ok(written),
            Err(failure) => failure,
        };
        match &failure {
            CallError::Refused(refusal)
                if is_webhook_silence(refusal) && tries.elapsed() < WEBHOOK_PATIENCE =>
            {
                return after_webhook(request, &tries, failure).await;
            }
            // An earlier try may be what this one met.
            CallError::Refused(refusal) if tries.unanswered && is_guards(refusal.code) => {}
            CallError::Refused(refusal) if matches!(refusal.code, 503 | 504) => tries.unanswered = true,
            CallError::Lost { perhaps_done: true, .. } => tries.unanswered = true,
            _ => return Err(request.explained(failure).await),
        }
        match look_up(request).await? {
            LostWrite::Done(written) => return Ok(written),
            LostWrite::NotDone => {}
            LostWrite::Other => return Err(overtaken(request, failure).await),
        }
    }
    let silence = format!("the server has given no answer for {} s", tries.elapsed().as_secs());
    Err(unknown(request.identity(), &silence))
}

/// Whether a refusal with this code may be that of a guard.
fn is_guards(code: u16) -> bool {
    matches!(code, 409 | 422)
}

/// Somebody else was there while our write got no answer.
async fn overtaken(request: &ApplyRequest<'_>, failure: CallError) -> Problem {
    match &failure {
        CallError::Refused(refusal) if is_guards(refusal.code) => request.explained(failure).await,
        _ => {
            let identity = request.identity();
            let message = format!("{identity} was changed by somebody else while our write got no answer");
            Problem::new(ProblemKind::Conflict, message)
        }
    }
}

/// The write is not processed as long as a webhook does not answer, so it may be repeated.
async fn after_webhook(
    request: &ApplyRequest<'_>,
    tries: &Tries,
    first: CallError,
) -> Result<Written, Problem> {
    let mut failure = first;
    while tries.elapsed() < WEBHOOK_PATIENCE {
        sleep(WEBHOOK_PAUSE).await;
        failure = match request.send().await {
            Ok(written) => return Ok(written),
            Err(failure) => failure,
        };
        if !matches!(&failure, CallError::Refused(refusal) if is_webhook_silence(refusal)) {
            break;
        }
    }
    Err(request.explained(failure).await)
}
