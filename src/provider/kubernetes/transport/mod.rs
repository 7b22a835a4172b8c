//! One request and its answer: deadlines, repetition, how many at once.
//!
//! What is repeated, within the call's budget and obeying `Retry-After`, is in `repetition`; what it means that
//! no answer came, in `error`. Until the server has answered once, the deadlines are short: a user waits for
//! the message. The time for which a server does not answer at all is counted over all requests (`contact`):
//! what one of them has waited for in vain, the next one does not wait for again.

mod call;
mod contact;
mod error;
mod limits;
mod repetition;

use std::sync::{Arc, PoisonError, RwLock};
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
use self::contact::Contact;
pub(in crate::provider::kubernetes) use self::error::{chain, plugin_failure, unauthenticated};
use self::limits::Limits;
use self::repetition::{pause, retry_after};
use crate::provider::kubernetes::server_info::ServerInfo;
use crate::provider::kubernetes::shallow::Shallow;
use crate::resource::{DEEPEST_READ, Permit, Problem, ProblemKind, asked, depth_of, too_deep};

/// What an API server says of a path that it does not serve.
const PATH_NOT_FOUND: &str = "404 page not found";

/// The way to the server.
#[derive(Clone)]
pub(in crate::provider::kubernetes) struct Transport {
    client: Client,
    pub(in crate::provider::kubernetes) server_info: Arc<ServerInfo>,
    permits: Arc<Semaphore>,
    contact: Arc<Contact>,
    limits: Limits,
    write_permit: Arc<RwLock<Permit>>,
}

impl Transport {
    pub(in crate::provider::kubernetes) fn new(
        client: Client,
        server_info: ServerInfo,
        connections: usize,
        request_timeout: Option<Duration>,
    ) -> Self {
        Self {
            client,
            server_info: Arc::new(server_info),
            permits: Arc::new(Semaphore::new(connections.max(1))),
            contact: Arc::default(),
            limits: Limits::new(request_timeout),
            write_permit: Arc::new(RwLock::new(Permit::always())),
        }
    }

    /// Whether the server has answered, and was not given up since. Otherwise one question is enough.
    pub(in crate::provider::kubernetes) fn is_reachable(&self) -> bool {
        self.contact.is_made() && self.contact.given_up().is_none()
    }

    /// The client itself, for what is no request with one answer.
    pub(in crate::provider::kubernetes) fn client(&self) -> Client {
        self.client.clone()
    }

    /// From now on each try of a write asks this permit first.
    pub(in crate::provider::kubernetes) fn write_under(&self, permit: Permit) {
        *self.write_permit.write().unwrap_or_else(PoisonError::into_inner) = permit;
    }

    fn permit(&self, call: &Call) -> Result<(), CallError> {
        if call.repeat == Repeat::Freely {
            return Ok(());
        }
        let permit = self.write_permit.read().unwrap_or_else(PoisonError::into_inner);
        permit.ask().map_err(|problem| CallError::Lost { problem, perhaps_done: false })
    }

    /// For how long a request is repeated, from its start.
    pub(in crate::provider::kubernetes) fn budget(&self) -> Duration {
        self.limits.budget
    }

    /// Why the server does not answer any more: a request was given up for that, and a further one, which is sent
    /// now, gets no answer either.
    pub(in crate::provider::kubernetes) async fn outage(&self) -> Option<Problem> {
        self.contact.given_up()?;
        // Any answer will do, also a refusal.
        let _ = self.send(&Call::get("/version")).await;
        self.contact.given_up()
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
            let known = self.contact.is_made();
            let failure = match self.attempt(call).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let Some(pause) = pause(&failure, call.repeat, tries) else { return Err(failure) };
            let budget = if known { self.limits.budget } else { self.limits.first_budget };
            if pause >= self.limits.budget.saturating_sub(self.contact.silent_for(Instant::now())) {
                self.contact.give_up();
                return Err(failure);
            }
            let budget = call.budget.map_or(budget, |own| own.min(budget));
            if pause >= budget.saturating_sub(started.elapsed()) {
                return Err(failure);
            }
            tries += 1;
            tokio::time::sleep(pause).await;
        }
    }

    /// Opens a watch; its end, and what comes through it, is the caller's business.
    pub(in crate::provider::kubernetes) async fn watch(
        &self,
        path: &str,
    ) -> Result<
        impl futures::Stream<Item = Result<kube::api::WatchEvent<Shallow>, kube::Error>> + use<>,
        CallError,
    > {
        let request = Request::get(path)
            .header(ACCEPT, JSON)
            .body(Vec::new())
            .map_err(|error| self.unsendable(error))?;
        let begun = Instant::now();
        let opening = async {
            match timeout(self.limits.read, self.client.request_events::<Shallow>(request)).await {
                Err(_) => Err(self.silent(false)),
                Ok(Ok(events)) => Ok(events),
                Ok(Err(kube::Error::Api(status))) => Err(CallError::Refused(Refusal {
                    code: status.code,
                    status: serde_json::to_value(&*status).unwrap_or_default(),
                    retry_after: None,
                })),
                Ok(Err(error)) => Err(self.lost(error)),
            }
        };
        let opened = asked(|| format!("GET {path}"), opening, outcome).await;
        self.note(begun, &opened);
        opened
    }

    async fn attempt<T: Body>(&self, call: &Call) -> Result<Answer<T>, CallError> {
        // The semaphore is never closed; without a permit, the request simply goes out.
        let _permit = self.permits.acquire().await;
        self.permit(call)?;
        let deadline = match call.repeat {
            _ if !self.is_reachable() => self.limits.first,
            // A dry-run may be repeated, and takes as long as the write.
            Repeat::Freely if call.method != Method::PATCH => self.limits.read,
            _ => self.limits.write,
        };
        let begun = Instant::now();
        let exchange =
            async { timeout(deadline, self.exchange(call)).await.unwrap_or_else(|_| Err(self.silent(true))) };
        let result = asked(|| call, exchange, outcome).await;
        self.note(begun, &result);
        result
    }

    /// Notes whether the server has answered a try that began at this moment. A refusal in plain text says nothing:
    /// it may come from something in front of the server.
    fn note<T>(&self, begun: Instant, result: &Result<T, CallError>) {
        match result {
            Ok(_) => self.contact.answered(Instant::now()),
            Err(CallError::Refused(refusal)) if refusal.is_of_server() => {
                self.contact.answered(Instant::now());
            }
            Err(CallError::Lost { problem, .. }) if problem.kind == ProblemKind::Unreachable => {
                self.contact.failed(begun, problem);
            }
            Err(_) => {}
        }
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
                return Ok(Answer { headers, body });
            }
            if depth_of(bytes) > DEEPEST_READ {
                return Err(CallError::Lost { problem: unread(), perhaps_done: true });
            }
        } else if let Some(body) = Value::read(bytes).filter(|body| body["kind"] == "Status") {
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

/// What became of a try, for `--verbose`.
fn outcome<T>(result: &Result<T, CallError>) -> String {
    result.as_ref().map_or_else(CallError::brief, |_| "done".to_owned())
}

/// That an object is not read, since it is nested too deeply.
pub(in crate::provider::kubernetes) fn unread() -> Problem {
    Problem::new(ProblemKind::Other, format!("{}, and regplan reads no deeper", too_deep(DEEPEST_READ)))
        .help("take out of it what others have nested so deeply, or leave the object to them")
}
