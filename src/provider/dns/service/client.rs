//! Requests to a service that keeps zones: JSON over HTTPS, with a token.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::sleep;

use crate::provider::dns::keeper::Fault;
use crate::resource::{Problem, ProblemKind, asked};

/// How long one request may take.
const LIMIT: Duration = Duration::from_secs(30);
/// How often a request is sent that the service cannot answer at the moment.
const TRIES: u32 = 4;
/// For how long the first repetition waits where the service does not say it, and the longest time that it may ask for.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// How a service words what is wrong, from the body of its answer.
pub(super) type Words = fn(&Value) -> Option<String>;

/// A client of a service.
pub(super) struct Client {
    service: &'static str,
    url: String,
    token: Result<String, Problem>,
    words: Words,
    http: reqwest::Client,
}

/// An answer, whatever it says.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Client {
    /// A client of the service with this name, at this URL, with this token, or why there is none. A request takes `limit`
    /// at most, where that is shorter than usual.
    ///
    /// # Errors
    /// This machine cannot make connections.
    pub(super) fn new(
        service: &'static str,
        url: &str,
        token: Result<String, Problem>,
        limit: Option<Duration>,
        words: Words,
    ) -> Result<Self, Problem> {
        // Fails where a provider is installed already, and any of them will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let limit = limit.map_or(LIMIT, |limit| limit.min(LIMIT));
        let http = reqwest::Client::builder().timeout(limit).build().map_err(|error| {
            Problem::new(ProblemKind::Settings, format!("no connection to {service} can be made: {error}"))
        })?;
        Ok(Self { service, url: url.trim_end_matches('/').to_owned(), token, words, http })
    }

    /// Why nothing can be asked.
    ///
    /// # Errors
    /// There is no token.
    pub(super) fn ready(&self) -> Result<(), Problem> {
        self.token.as_ref().map(drop).map_err(Clone::clone)
    }

    /// Asks for something. It is asked again where the service cannot answer at the moment.
    ///
    /// # Errors
    /// The service says no, or nothing.
    pub(super) async fn get(&self, path: &str) -> Result<Value, Problem> {
        let mut tries = 1;
        loop {
            let failure = match self.send(&Method::GET, path, None).await {
                Ok(answer) if answer.status.is_success() => return Ok(answer.body),
                Ok(answer) if is_busy(answer.status) => {
                    (pause(&answer.headers, tries), self.refusal(&answer))
                }
                Ok(answer) => return Err(self.refusal(&answer)),
                Err(problem) if problem.kind == ProblemKind::Unreachable => (PAUSE * tries, problem),
                Err(problem) => return Err(problem),
            };
            let (pause, problem) = failure;
            if tries == TRIES {
                return Err(problem);
            }
            sleep(pause).await;
            tries += 1;
        }
    }

    /// Changes something. It is sent again only where the service has not looked at it.
    ///
    /// # Errors
    /// The service says no; or nobody knows whether it was done.
    pub(super) async fn change(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Fault> {
        let mut tries = 1;
        loop {
            let answer = self.send(&method, path, body).await.map_err(|problem| match problem.kind {
                ProblemKind::Unreachable => Fault::Lost(problem),
                _ => Fault::NotDone(problem),
            })?;
            match answer.status {
                status if status.is_success() => return Ok(answer.body),
                StatusCode::TOO_MANY_REQUESTS if tries < TRIES => {
                    sleep(pause(&answer.headers, tries)).await;
                    tries += 1;
                }
                status if status.is_server_error() => return Err(Fault::Lost(self.refusal(&answer))),
                _ => return Err(Fault::NotDone(self.refusal(&answer))),
            }
        }
    }

    async fn send(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Answer, Problem> {
        let token = self.token.as_ref().map_err(Clone::clone)?;
        let outcome = |answer: &Result<Answer, Problem>| match answer {
            Ok(answer) => answer.status.as_u16().to_string(),
            Err(_) => "no answer of use".to_owned(),
        };
        let exchange = self.exchange(method, path, token, body);
        // Not the URL: it is configured, and may hold a password.
        asked(|| format!("{method} {path} at {}", self.service), exchange, outcome).await
    }

    async fn exchange(
        &self,
        method: &Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Problem> {
        let request = self.http.request(method.clone(), format!("{}{path}", self.url)).bearer_auth(token);
        let request = match body {
            Some(body) => {
                request.header(http::header::CONTENT_TYPE, "application/json").body(body.to_string())
            }
            None => request,
        };
        // Without its URL, the error says what went wrong and nothing of the request.
        let response = request.send().await.map_err(|error| self.unreachable(&error.without_url()))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error.without_url()))?;
        let body = if bytes.is_empty() { Ok(Value::Null) } else { crate::resource::from_json(&bytes) };
        match body {
            Ok(body) => Ok(Answer { status, headers, body }),
            // A proxy on the way answers in words of its own.
            Err(_) if !status.is_success() => Ok(Answer { status, headers, body: Value::Null }),
            Err(error) => Err(Problem::new(
                ProblemKind::Unreachable,
                format!("{} gave an answer that is no JSON: {error}", self.service),
            )
            .help("check that nothing on the way answers in its place")),
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> Problem {
        let mut why = error.to_string();
        let mut below = std::error::Error::source(error);
        while let Some(source) = below {
            why = format!("{why}: {source}");
            below = source.source();
        }
        Problem::new(ProblemKind::Unreachable, format!("{} cannot be reached: {why}", self.service))
            .help("check the network, and the proxy if there is one")
    }

    fn refusal(&self, answer: &Answer) -> Problem {
        let said = (self.words)(&answer.body).map(|words| format!(": {words}")).unwrap_or_default();
        let (kind, help) = match answer.status {
            StatusCode::UNAUTHORIZED => {
                (ProblemKind::Unauthenticated, "check the token: it may be wrong, or at its end")
            }
            StatusCode::FORBIDDEN => {
                (ProblemKind::Forbidden, "give the token the right to read and edit the records of the zone")
            }
            StatusCode::NOT_FOUND => {
                (ProblemKind::Settings, "check `zone`, and whose zones the token may see")
            }
            StatusCode::TOO_MANY_REQUESTS => (
                ProblemKind::Unreachable,
                "wait some minutes: the service takes a limited number of requests",
            ),
            status if status.is_server_error() => (ProblemKind::Unreachable, "try again later"),
            _ => (ProblemKind::Rejected, "correct the [dns] block"),
        };
        Problem::new(kind, format!("{} answers {}{said}", self.service, answer.status.as_u16())).help(help)
    }
}

/// Whether a service may answer later what it does not answer now.
fn is_busy(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

/// How long to wait: as the service says, or else a little longer each time.
fn pause(headers: &HeaderMap, tries: u32) -> Duration {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.parse::<u64>().ok();
    let until_reset = || {
        let now = u64::try_from(Timestamp::now().as_second()).ok()?;
        number("ratelimit-reset")?.checked_sub(now)
    };
    let asked = number("retry-after").or_else(until_reset).map(Duration::from_secs);
    asked.unwrap_or(PAUSE * tries).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_says_how_long_to_wait() {
        let headers = |name: &'static str, value: &str| {
            HeaderMap::from_iter([(http::HeaderName::from_static(name), value.parse().unwrap())])
        };
        assert_eq!(pause(&headers("retry-after", "2"), 1), Duration::from_secs(2));
        assert_eq!(pause(&headers("retry-after", "9999"), 1), LONGEST_PAUSE);
        assert_eq!(pause(&HeaderMap::new(), 3), PAUSE * 3);
        assert_eq!(pause(&headers("ratelimit-reset", "1"), 2), PAUSE * 2, "a time that has passed");
    }
}
