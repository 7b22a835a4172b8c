//! Whether cert-manager takes and refuses what it should: two dry-runs for each namespace, until all is well.

use http::Method;
use serde_json::Value;

use super::client::Kubernetes;
use super::discovery::encode;
use super::transport::{Answer, Call, CallError, JSON, Repeat};
use crate::kubernetes::certificates::GROUP;
use crate::kubernetes::certifier::{CertifierLack, REQUESTS, bad_request, good_request};

/// What an answer tells.
enum Finding {
    /// It is as it should be.
    Whole,
    Lacks(CertifierLack),
    /// Nobody can ask: it is not there, or our rights do not allow to make a request.
    NotKnown,
}

/// What cert-manager lacks in this namespace; `None` where it lacks nothing, and where nobody can ask.
pub(super) async fn certifier_lacks(cluster: &Kubernetes, namespace: &str) -> Option<CertifierLack> {
    // Whoever comes second waits for the answer of the first.
    let mut seen = cluster.seen_whole.lock().await;
    if seen.contains(namespace) {
        return None;
    }
    let mut finding = of_good(ask(cluster, namespace, &good_request()).await);
    if matches!(finding, Finding::Whole) {
        finding = of_bad(ask(cluster, namespace, &bad_request()).await);
    }
    match finding {
        Finding::Whole => {
            seen.insert(namespace.to_owned());
            None
        }
        Finding::Lacks(lack) => Some(lack),
        Finding::NotKnown => None,
    }
}

async fn ask(cluster: &Kubernetes, namespace: &str, request: &Value) -> Result<Answer, CallError> {
    let path = format!("/apis/{GROUP}/v1/namespaces/{}/{REQUESTS}?dryRun=All", encode(namespace));
    let call = Call::write(Method::POST, path, JSON, request);
    cluster.transport.send(&Call { repeat: Repeat::Freely, ..call }).await
}

fn of_good(answer: Result<Answer, CallError>) -> Finding {
    match answer {
        Ok(taken) => CertifierLack::of_taken(&taken.body).map_or(Finding::Whole, Finding::Lacks),
        Err(failure) => of_silence(&failure).map_or(Finding::NotKnown, Finding::Lacks),
    }
}

fn of_bad(answer: Result<Answer, CallError>) -> Finding {
    match answer {
        Ok(_) => Finding::Lacks(CertifierLack::Validation),
        Err(failure) => of_silence(&failure).map_or(Finding::Whole, Finding::Lacks),
    }
}

fn of_silence(failure: &CallError) -> Option<CertifierLack> {
    match failure {
        CallError::Refused(refusal) => CertifierLack::of_refusal(refusal.message()),
        CallError::Lost { .. } => None,
    }
}
