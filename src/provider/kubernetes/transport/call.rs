//! A request, and what may come back: a good answer, a refusal, or nothing.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

use crate::resource::{Problem, from_json};

/// Whether doing it twice is the same as doing it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::provider::kubernetes) enum Repeat {
    /// It is: a read.
    Freely,
    /// Only if it was not processed.
    IfUnprocessed,
}

/// One request.
#[derive(Debug, Clone)]
pub(in crate::provider::kubernetes) struct Call {
    pub(in crate::provider::kubernetes) method: Method,
    /// Path and query, encoded.
    pub(in crate::provider::kubernetes) path: String,
    pub(in crate::provider::kubernetes) accept: &'static str,
    /// Content type and content.
    pub(in crate::provider::kubernetes) body: Option<(&'static str, Bytes)>,
    pub(in crate::provider::kubernetes) repeat: Repeat,
    /// For how long it is repeated at most, from its start; `None` for as long as any request is.
    pub(in crate::provider::kubernetes) budget: Option<Duration>,
}

pub(in crate::provider::kubernetes) const JSON: &str = "application/json";

impl Call {
    pub(in crate::provider::kubernetes) fn get(path: impl Into<String>) -> Self {
        let (path, repeat) = (path.into(), Repeat::Freely);
        Self { method: Method::GET, path, accept: JSON, body: None, repeat, budget: None }
    }

    pub(in crate::provider::kubernetes) fn write(
        method: Method,
        path: String,
        content: &'static str,
        body: &Value,
    ) -> Self {
        let body = Bytes::from(body.to_string());
        let repeat = Repeat::IfUnprocessed;
        Self { method, path, accept: JSON, body: Some((content, body)), repeat, budget: None }
    }
}

/// Method and path: nothing of the content.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// A good answer.
#[derive(Debug)]
pub(in crate::provider::kubernetes) struct Answer<T = Value> {
    pub(in crate::provider::kubernetes) headers: HeaderMap,
    pub(in crate::provider::kubernetes) body: T,
}

/// What the content of a good answer is read into.
pub(in crate::provider::kubernetes) trait Body: Sized {
    /// The content; `None` where it is none of a Kubernetes API server, or nested too deeply.
    fn read(bytes: &[u8]) -> Option<Self>;
}

impl Body for Value {
    fn read(bytes: &[u8]) -> Option<Self> {
        from_json::<Self>(bytes).ok().filter(Self::is_object)
    }
}

/// No good answer.
#[derive(Debug, Clone)]
pub(in crate::provider::kubernetes) enum CallError {
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

impl CallError {
    /// In a word or two, without what the server said: that may hold a secret.
    pub(in crate::provider::kubernetes) fn brief(&self) -> String {
        match self {
            Self::Refused(refusal) => format!("refused with {}", refusal.code),
            Self::Lost { .. } => "no answer of use".to_owned(),
        }
    }
}

/// A `Status` that is no success.
#[derive(Debug, Clone)]
pub(in crate::provider::kubernetes) struct Refusal {
    /// The HTTP status.
    pub(in crate::provider::kubernetes) code: u16,
    /// The `Status` object.
    pub(in crate::provider::kubernetes) status: Value,
    /// What `Retry-After` asks for.
    pub(in crate::provider::kubernetes) retry_after: Option<Duration>,
}

/// Whether an answer with this HTTP status says by itself that the request was not carried out. A time-out (408)
/// and an overload (429) do not: something in front of the server may have sent them.
pub(in crate::provider::kubernetes) fn is_refusal(code: u16) -> bool {
    matches!(code, 400..=499) && !matches!(code, 408 | 429)
}

impl Refusal {
    pub(in crate::provider::kubernetes) fn text(&self, pointer: &str) -> &str {
        self.status.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub(in crate::provider::kubernetes) fn message(&self) -> &str {
        self.text("/message")
    }

    /// Whether it is an answer of the API server itself: in plain text it may come from what stands before it.
    pub(super) fn is_of_server(&self) -> bool {
        self.status.get("status").is_some()
    }

    /// A failure that the server itself calls passing, though it is a 500.
    pub(super) fn is_passing(&self) -> bool {
        self.text("/reason") == "ServerTimeout"
            || self.status.pointer("/details/retryAfterSeconds").is_some()
            || self.message().starts_with("etcdserver: ")
    }
}
