//! One request and its answer: deadlines, what is repeated and what is not, how many at once.
//!
//! What is repeated, within [`RETRY_BUDGET`] and obeying `Retry-After`:
//! - reads: on 429, 503, 504, on a 500 by which the server itself asks for it, on lost connections and
//!   time-outs;
//! - writes: where they were certainly not processed, that is on 429, on 503 with `Retry-After`, and
//!   where no connection was made. What became of a write whose answer was lost, [`write`](super::write)
//!   finds out.
//!
//! Until the server has answered once, there is no patience: a person waits for the message.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Method, Request};
use jiff::Timestamp;
use kube::Client;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::connect::ServerInfo;
use super::transport_error;
use crate::resource::Problem;

/// For making a connection, TLS included.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);
/// For any request as long as the server has not answered once.
const FIRST_DEADLINE: Duration = Duration::from_secs(10);
/// For a read.
const READ_DEADLINE: Duration = Duration::from_secs(30);
/// For a write: the server's own limit is 60 s, webhooks included.
const WRITE_DEADLINE: Duration = Duration::from_secs(65);
/// For how long a request is repeated, from its start.
const RETRY_BUDGET: Duration = Duration::from_mins(1);
/// The same as long as the server has not answered once.
const FIRST_BUDGET: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// Whether doing it twice is the same as doing it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It is: a read.
    Freely,
    /// Only if it was not processed.
    IfUnprocessed,
}

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    /// Path and query, encoded.
    pub(super) path: String,
    pub(super) accept: &'static str,
    /// Content type and content.
    pub(super) body: Option<(&'static str, Bytes)>,
    pub(super) repeat: Repeat,
}

pub(super) const JSON: &str = "application/json";

impl Call {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), accept: JSON, body: None, repeat: Repeat::Freely }
    }

    pub(super) fn write(method: Method, path: String, content: &'static str, body: &Value) -> Self {
        let body = Bytes::from(body.to_string());
        Self { method, path, accept: JSON, body: Some((content, body)), repeat: Repeat::IfUnprocessed }
    }
}

/// A good answer.
#[derive(Debug)]
pub(super) struct Answer<T = Value> {
    pub(super) headers: HeaderMap,
    pub(super) body: T,
}

/// What the content of a good answer is read into.
pub(super) trait Body: Sized {
    /// The content; `None` where it is none of a Kubernetes API server.
    fn read(bytes: &[u8]) -> Option<Self>;
}

impl Body for Value {
    fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Self>(bytes).ok().filter(Self::is_object)
    }
}

/// No good answer.
#[derive(Debug, Clone)]
pub(super) enum CallError {
    /// The server said no.
    Refused(Refusal),
    /// No answer came, or none of a Kubernetes API server.
    Lost {
        /// In words.
        problem: Problem,
        /// Whether the server may have processed the request.
        perhaps_done: bool,
    },
}

/// A `Status` that is no success.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// The HTTP status.
    pub(super) code: u16,
    /// The `Status` object.
    pub(super) status: Value,
    /// What `Retry-After` asks for.
    pub(super) retry_after: Option<Duration>,
}

impl Refusal {
    pub(super) fn text(&self, pointer: &str) -> &str {
        self.status.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn message(&self) -> &str {
        self.text("/message")
    }

    /// A failure that the server itself calls passing, though it is a 500.
    fn is_passing(&self) -> bool {
        self.text("/reason") == "ServerTimeout"
            || self.status.pointer("/details/retryAfterSeconds").is_some()
            || self.message().starts_with("etcdserver: ")
    }
}

/// The way to the server.
#[derive(Clone)]
pub(super) struct Transport {
    client: Client,
    pub(super) facts: Arc<ServerInfo>,
    permits: Arc<Semaphore>,
    /// Whether the server has answered at all.
    contacted: Arc<AtomicBool>,
}

impl Transport {
    pub(super) fn new(client: Client, facts: ServerInfo, connections: usize) -> Self {
        Self {
            client,
            facts: Arc::new(facts),
            permits: Arc::new(Semaphore::new(connections.max(1))),
            contacted: Arc::default(),
        }
    }

    /// Whether the server has answered at all.
    pub(super) fn is_contacted(&self) -> bool {
        self.contacted.load(Ordering::Relaxed)
    }

    /// Sends it, and repeats it where that is safe and helps.
    pub(super) async fn send(&self, call: &Call) -> Result<Answer, CallError> {
        self.send_for(call).await
    }

    /// The same for an answer that is read into something of its own.
    pub(super) async fn send_for<T: Body>(&self, call: &Call) -> Result<Answer<T>, CallError> {
        let started = Instant::now();
        let mut tries = 0;
        loop {
            let known = self.contacted.load(Ordering::Relaxed);
            let failure = match self.attempt(call, known).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let budget = if known { RETRY_BUDGET } else { FIRST_BUDGET };
            let left = budget.saturating_sub(started.elapsed());
            let Some(pause) = pause(&failure, call.repeat, tries).filter(|pause| *pause < left) else {
                return Err(failure);
            };
            tries += 1;
            tokio::time::sleep(pause).await;
        }
    }

    /// Opens a watch; its end, and what comes through it, is the caller's business.
    pub(super) async fn watch(
        &self,
        path: &str,
    ) -> Result<
        impl futures::Stream<Item = Result<kube::api::WatchEvent<Value>, kube::Error>> + use<>,
        CallError,
    > {
        let request = Request::get(path)
            .header(ACCEPT, JSON)
            .body(Vec::new())
            .map_err(|error| self.unsendable(error))?;
        let opened = timeout(READ_DEADLINE, self.client.request_events::<Value>(request)).await;
        match opened {
            Err(_) => Err(self.silent(false)),
            Ok(Ok(events)) => Ok(events),
            Ok(Err(kube::Error::Api(status))) => Err(CallError::Refused(Refusal {
                code: status.code,
                status: serde_json::to_value(&*status).unwrap_or_default(),
                retry_after: None,
            })),
            Ok(Err(error)) => Err(self.lost(error)),
        }
    }

    async fn attempt<T: Body>(&self, call: &Call, known: bool) -> Result<Answer<T>, CallError> {
        // The semaphore is never closed; without a permit, the request simply goes out.
        let _permit = self.permits.acquire().await;
        let deadline = match call.repeat {
            _ if !known => FIRST_DEADLINE,
            // A dry-run may be repeated, and takes as long as the write.
            Repeat::Freely if call.method != Method::PATCH => READ_DEADLINE,
            _ => WRITE_DEADLINE,
        };
        timeout(deadline, self.exchange(call)).await.unwrap_or_else(|_| Err(self.silent(true)))
    }

    async fn exchange<T: Body>(&self, call: &Call) -> Result<Answer<T>, CallError> {
        let mut request = Request::builder().method(&call.method).uri(&call.path).header(ACCEPT, call.accept);
        let body = match &call.body {
            None => kube::client::Body::empty(),
            Some((content, bytes)) => {
                request = request.header(CONTENT_TYPE, *content);
                bytes.clone().into()
            }
        };
        let request = request.body(body).map_err(|error| self.unsendable(error))?;
        let response = self.client.send(request).await.map_err(|error| self.lost(error))?;
        let (parts, body) = response.into_parts();
        let bytes = body.collect_bytes().await.map_err(|error| self.lost(error))?;
        self.read(parts.status, parts.headers, &bytes)
    }

    fn read<T: Body>(
        &self,
        status: http::StatusCode,
        headers: HeaderMap,
        bytes: &[u8],
    ) -> Result<Answer<T>, CallError> {
        if status.is_success() {
            if let Some(body) = T::read(bytes) {
                self.contacted.store(true, Ordering::Relaxed);
                return Ok(Answer { headers, body });
            }
        } else if let Some(body) = Value::read(bytes).filter(|body| body["kind"] == "Status") {
            self.contacted.store(true, Ordering::Relaxed);
            let retry_after = headers.get(RETRY_AFTER).and_then(|value| retry_after(value.to_str().ok()?));
            return Err(CallError::Refused(Refusal { code: status.as_u16(), status: body, retry_after }));
        }
        // An API server under too much load says so in plain text.
        let text = String::from_utf8_lossy(bytes);
        let text: String = text.trim().lines().next().unwrap_or_default().chars().take(200).collect();
        if matches!(status.as_u16(), 401 | 429 | 503 | 504) {
            let retry_after = headers.get(RETRY_AFTER).and_then(|value| retry_after(value.to_str().ok()?));
            let words = if text.is_empty() { status.to_string() } else { text };
            let status_object =
                serde_json::json!({"kind": "Status", "code": status.as_u16(), "message": words});
            return Err(CallError::Refused(Refusal {
                code: status.as_u16(),
                status: status_object,
                retry_after,
            }));
        }
        let message = format!("{} gives no Kubernetes answer (HTTP {status}): {text}", self.facts.server);
        let mut problem = Problem::new(crate::resource::ProblemKind::Unreachable, message);
        problem.help = Some(if text.contains("HTTP request to an HTTPS server") {
            format!("the server speaks https://; its address comes from {}", self.facts.origin)
        } else {
            format!(
                "is it an API server, or something in front of it? its address comes from {}",
                self.facts.origin
            )
        });
        Err(CallError::Lost { problem, perhaps_done: status.is_server_error() || status.is_success() })
    }

    fn silent(&self, perhaps_done: bool) -> CallError {
        CallError::Lost { problem: transport_error::silent(&self.facts), perhaps_done }
    }

    fn lost(&self, error: kube::Error) -> CallError {
        let perhaps_done =
            !transport_error::never_sent(&error) && transport_error::credentials(&error).is_none();
        CallError::Lost { problem: transport_error::problem(error, &self.facts), perhaps_done }
    }

    fn unsendable(&self, error: http::Error) -> CallError {
        let message = format!("a request to {} cannot be put together: {error}", self.facts.server);
        let problem = Problem::new(crate::resource::ProblemKind::Other, message).caused_by(error);
        CallError::Lost { problem, perhaps_done: false }
    }
}

/// How long to wait before trying again; `None` where that is not safe or does not help.
fn pause(failure: &CallError, repeat: Repeat, tries: u32) -> Option<Duration> {
    use crate::resource::ProblemKind::Unreachable;
    let asked = match failure {
        CallError::Refused(refusal) => {
            let asked = refusal.retry_after;
            let again = match (refusal.code, repeat) {
                (429, _) | (503 | 504, Repeat::Freely) => true,
                (503, Repeat::IfUnprocessed) => asked.is_some(),
                (500, Repeat::Freely) => refusal.is_passing(),
                _ => false,
            };
            if !again {
                return None;
            }
            asked
        }
        CallError::Lost { problem, perhaps_done } => {
            if problem.kind != Unreachable || (*perhaps_done && repeat == Repeat::IfUnprocessed) {
                return None;
            }
            None
        }
    };
    let doubled = Duration::from_millis(200).saturating_mul(1 << tries.min(8)).min(LONGEST_PAUSE);
    // Spread out, so that parallel requests do not come back all at once.
    let spread = doubled.mul_f64(0.75 + rand::random::<f64>() / 2.0);
    Some(asked.unwrap_or_default().max(spread))
}

/// Seconds, or the moment at which to come back.
fn retry_after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(until.duration_since(Timestamp::now())).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::ProblemKind;
    use serde_json::json;

    fn refused(code: u16, retry_after: Option<u64>, status: Value) -> CallError {
        CallError::Refused(Refusal { code, status, retry_after: retry_after.map(Duration::from_secs) })
    }

    fn lost(perhaps_done: bool) -> CallError {
        CallError::Lost { problem: Problem::new(ProblemKind::Unreachable, ""), perhaps_done }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(retry_after("7"), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert!(retry_after("Fri, 21 Oct 2044 07:28:00 GMT").unwrap() > Duration::from_secs(1000));
        assert_eq!(retry_after("soon"), None);
    }

    #[test]
    fn reads_are_repeated_on_what_passes() {
        for failure in [refused(429, None, json!({})), refused(503, None, json!({})), lost(true), lost(false)]
        {
            assert!(pause(&failure, Repeat::Freely, 0).is_some(), "{failure:?}");
        }
        let passing = refused(500, None, json!({"reason": "ServerTimeout"}));
        assert!(pause(&passing, Repeat::Freely, 0).is_some());
        let mistake = refused(500, None, json!({"message": "failed to create typed patch object"}));
        assert!(pause(&mistake, Repeat::Freely, 0).is_none());
        assert!(pause(&refused(404, None, json!({})), Repeat::Freely, 0).is_none());
    }

    #[test]
    fn writes_are_repeated_only_where_they_were_not_processed() {
        let write = Repeat::IfUnprocessed;
        assert!(pause(&refused(429, None, json!({})), write, 0).is_some());
        assert_eq!(pause(&refused(503, Some(30), json!({})), write, 0), Some(Duration::from_secs(30)));
        assert!(pause(&refused(503, None, json!({})), write, 0).is_none());
        assert!(pause(&refused(504, Some(1), json!({})), write, 0).is_none());
        assert!(pause(&lost(true), write, 0).is_none());
        assert!(pause(&lost(false), write, 0).is_some());
    }

    #[test]
    fn pauses_grow_to_a_limit() {
        let at = |tries| pause(&lost(false), Repeat::Freely, tries).unwrap();
        assert!(at(0) < Duration::from_millis(300));
        assert!(at(20) <= LONGEST_PAUSE.mul_f64(1.25));
        assert!(at(20) > at(0));
    }
}
