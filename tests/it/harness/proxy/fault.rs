//! What can go wrong with a request on its way, and with which requests it does.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Proxy, Seen};

/// What goes wrong with a request.
#[derive(Clone)]
pub(super) enum Fault {
    /// The proxy answers instead of the server.
    Answer { status: u16, retry_after: Option<u64> },
    /// The proxy answers this text instead of the server.
    AnswerText { status: u16, body: String },
    /// The connection is reset before the server sees anything.
    Reset,
    /// The server handles it, and then the connection is reset.
    LoseAnswer,
    /// The server handles it, and the proxy answers something else.
    Replace { status: u16, body: String },
    /// The server handles it, and there is never an answer.
    HangAfter,
    /// The answer is edited.
    Edit(Arc<dyn Fn(&mut Value) + Send + Sync>),
    /// There is never an answer.
    Hang,
    /// It reaches the server later.
    Delay(Duration),
    /// The connection ends after so many bytes of the answer.
    Cut(usize),
    /// Something else happens first.
    First(Arc<dyn Fn() + Send + Sync>),
    /// Something else happens instead, and there is never an answer.
    Instead(Arc<dyn Fn() + Send + Sync>),
    /// The server handles it, then something else happens, and there is never an answer.
    Then(Arc<dyn Fn() + Send + Sync>),
}

type Test = Box<dyn Fn(&Seen) -> bool + Send>;

/// A fault, and the requests that it applies to.
pub(super) struct Rule {
    tests: Vec<Test>,
    skipped: usize,
    left: usize,
    fault: Fault,
}

impl Rule {
    /// The fault, if the rule applies to this request. The rule counts the requests.
    pub(super) fn apply_to(&mut self, seen: &Seen) -> Option<Fault> {
        if self.left == 0 || !self.tests.iter().all(|test| test(seen)) {
            return None;
        }
        if self.skipped > 0 {
            self.skipped -= 1;
            return None;
        }
        self.left -= 1;
        Some(self.fault.clone())
    }
}

/// Builds a rule: first the requests that it applies to, and last the fault.
#[must_use = "end it with the fault: answer, reset, hang, …"]
pub(crate) struct RuleBuilder<'p> {
    proxy: &'p Proxy,
    tests: Vec<Test>,
    skipped: usize,
    left: usize,
}

impl<'p> RuleBuilder<'p> {
    pub(super) fn new(proxy: &'p Proxy, verb: &str, resource: &str) -> Self {
        let (verb, resource) = (verb.to_owned(), resource.to_owned());
        let test: Test = Box::new(move |seen| seen.is(&verb, &resource));
        Self { proxy, tests: vec![test], skipped: 0, left: usize::MAX }
    }

    /// Only the object of this name.
    pub(crate) fn named(self, name: &str) -> Self {
        let name = name.to_owned();
        self.only(move |seen| seen.name.as_ref() == Some(&name))
    }

    /// Only requests that are not dry-runs.
    pub(crate) fn not_dry_run(self) -> Self {
        self.only(|seen| !seen.dry_run)
    }

    /// Only requests for which this is true.
    pub(crate) fn only(mut self, test: impl Fn(&Seen) -> bool + Send + 'static) -> Self {
        self.tests.push(Box::new(test));
        self
    }

    /// Not the first ones: so many.
    pub(crate) fn after(mut self, skipped: usize) -> Self {
        self.skipped = skipped;
        self
    }

    /// At most so many.
    pub(crate) fn times(mut self, left: usize) -> Self {
        self.left = left;
        self
    }

    /// The proxy answers with this status instead of the server.
    pub(crate) fn answer(self, status: u16) {
        self.end(Fault::Answer { status, retry_after: None });
    }

    /// The same, with a `Retry-After` of so many seconds.
    pub(crate) fn answer_retry_after(self, status: u16, seconds: u64) {
        self.end(Fault::Answer { status, retry_after: Some(seconds) });
    }

    /// The proxy answers with this status and text instead of the server.
    pub(crate) fn answer_text(self, status: u16, body: impl Into<String>) {
        self.end(Fault::AnswerText { status, body: body.into() });
    }

    /// The connection is reset before the server sees the request.
    pub(crate) fn reset(self) {
        self.end(Fault::Reset);
    }

    /// The server handles the request, and the connection is reset before its answer.
    pub(crate) fn lose_answer(self) {
        self.end(Fault::LoseAnswer);
    }

    /// The server handles the request, and the proxy answers with this failure.
    pub(crate) fn done_but_answer(self, status: u16, message: &str) {
        let body = json!({
            "apiVersion": "v1", "kind": "Status", "status": "Failure", "code": status, "message": message,
        });
        self.end(Fault::Replace { status, body: body.to_string() });
    }

    /// The same with an answer that is none of an API server, as a load balancer gives it.
    pub(crate) fn done_but_answer_plain(self, status: u16) {
        self.end(Fault::Replace { status, body: "<html>something went wrong</html>".to_owned() });
    }

    /// The server handles the request, and there is never an answer.
    pub(crate) fn done_but_hang(self) {
        self.end(Fault::HangAfter);
    }

    /// The server's answer is edited; it must be JSON.
    pub(crate) fn edit_answer(self, edit: impl Fn(&mut Value) + Send + Sync + 'static) {
        self.end(Fault::Edit(Arc::new(edit)));
    }

    /// There is never an answer.
    pub(crate) fn hang(self) {
        self.end(Fault::Hang);
    }

    /// The request reaches the server so much later.
    pub(crate) fn delay(self, time: Duration) {
        self.end(Fault::Delay(time));
    }

    /// The connection ends after so many bytes of the answer's body.
    pub(crate) fn cut_body(self, bytes: usize) {
        self.end(Fault::Cut(bytes));
    }

    /// This is done before the request reaches the server, as if somebody else were faster.
    pub(crate) fn first(self, act: impl Fn() + Send + Sync + 'static) {
        self.end(Fault::First(Arc::new(act)));
    }

    /// This is done instead, and there is never an answer.
    pub(crate) fn instead(self, act: impl Fn() + Send + Sync + 'static) {
        self.end(Fault::Instead(Arc::new(act)));
    }

    /// The server handles the request, then this is done, and there is never an answer.
    pub(crate) fn then(self, act: impl Fn() + Send + Sync + 'static) {
        self.end(Fault::Then(Arc::new(act)));
    }

    fn end(self, fault: Fault) {
        let Self { proxy, tests, skipped, left } = self;
        proxy.add(Rule { tests, skipped, left, fault });
    }
}
