//! One request and its answer: deadlines, repetition, how many at once.
//!
//! What is repeated, within [`RETRY_BUDGET`] and obeying `Retry-After`, is in `repetition`; what it means that
//! no answer came, in `error`. Until the server has answered once, the deadlines are short: a user waits for
//! the message.

mod call;
mod error;
mod repetition;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Method, Request};
use kube::Client;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

pub(in crate::provider::kubernetes) use self::call::{
    Answer, Body, Call, CallError, JSON, Refusal, Repeat, is_refusal,
};
pub(in crate::provider::kubernetes) use self::error::{chain, plugin_failure, unauthenticated};
use self::repetition::{pause, retry_after};
use crate::provider::kubernetes::server_info::ServerInfo;
use crate::resource::{Problem, ProblemKind};

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

/// What an API server says of a path that it does not serve.
const PATH_NOT_FOUND: &str = "404 page not found";

/// The way to the server.
#[derive(Clone)]
pub(in crate::provider::kubernetes) struct Transport {
    client: Client,
    pub(in crate::provider::kubernetes) server_info: Arc<ServerInfo>,
    permits: Arc<Semaphore>,
    /// Whether the server has answered at all.
    contacted: Arc<AtomicBool>,
}

impl Transport {
    pub(in crate::provider::kubernetes) fn new(
        client: Client,
        server_info: ServerInfo,
        connections: usize,
    ) -> Self {
        Self {
            client,
            server_info: Arc::new(server_info),
            permits: Arc::new(Semaphore::new(connections.max(1))),
            contacted: Arc::default(),
        }
    }

    /// Whether the server has answered at all.
    pub(in crate::provider::kubernetes) fn is_contacted(&self) -> bool {
        self.contacted.load(Ordering::Relaxed)
    }

    /// Sends it, and repeats it where that is safe and helps.
    pub(in crate::provider::kubernetes) async fn send(&self, call: &Call) -> Result<Answer, CallError> {
        self.send_for(call).await
    }

    /// The same for an answer that is read into something of its own.
    pub(in crate::provider::kubernetes) async fn send_for<T: Body>(
        &self,
        call: &Call,
    ) -> Result<Answer<T>, CallError> {
        let started = Instant::now();
        let mut tries = 0;
        loop {
            let known = self.is_contacted();
            let failure = match self.attempt(call).await {
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
    pub(in crate::provider::kubernetes) async fn watch(
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

    async fn attempt<T: Body>(&self, call: &Call) -> Result<Answer<T>, CallError> {
        // The semaphore is never closed; without a permit, the request simply goes out.
        let _permit = self.permits.acquire().await;
        let deadline = match call.repeat {
            _ if !self.is_contacted() => FIRST_DEADLINE,
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
        // A path that it does not serve, too.
        if matches!(status.as_u16(), 401 | 429 | 503 | 504) || text == PATH_NOT_FOUND {
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
        let message =
            format!("{} gives no Kubernetes answer (HTTP {status}): {text}", self.server_info.server);
        let mut problem = Problem::new(ProblemKind::Unreachable, message);
        problem.help = Some(if text.contains("HTTP request to an HTTPS server") {
            format!("the server speaks https://; its address comes from {}", self.server_info.origin)
        } else {
            format!(
                "is it an API server, or something in front of it? its address comes from {}",
                self.server_info.origin
            )
        });
        Err(CallError::Lost { problem, perhaps_done: !is_refusal(status.as_u16()) })
    }

    fn silent(&self, perhaps_done: bool) -> CallError {
        CallError::Lost { problem: error::silent(&self.server_info), perhaps_done }
    }

    fn lost(&self, error: kube::Error) -> CallError {
        let perhaps_done = !error::never_sent(&error) && error::credentials(&error).is_none();
        CallError::Lost { problem: error::problem(error, &self.server_info), perhaps_done }
    }

    fn unsendable(&self, error: http::Error) -> CallError {
        let message = format!("a request to {} cannot be put together: {error}", self.server_info.server);
        let problem = Problem::new(ProblemKind::Other, message).caused_by(error);
        CallError::Lost { problem, perhaps_done: false }
    }
}
