//! What can happen to a request on its way, and which requests it happens to.

use std::sync::Arc;
use std::time::Duration;

use super::{Proxy, Seen};

/// What happens to a request.
#[derive(Clone)]
pub(super) enum Fault {
    /// The proxy answers instead of the server.
    Answer { status: u16, retry_after: Option<u64> },
    /// The connection is reset before the server sees anything.
    Reset,
    /// The server does it, and then the connection is reset.
    LoseAnswer,
    /// Nothing, ever.
    Hang,
    /// It arrives later.
    Delay(Duration),
    /// The answer breaks off after so many bytes.
    Cut(usize),
    /// Something else happens first.
    First(Arc<dyn Fn() + Send + Sync>),
}

type Test = Box<dyn Fn(&Seen) -> bool + Send>;

/// A fault, and whom it befalls.
pub(super) struct Rule {
    tests: Vec<Test>,
    spared: usize,
    left: usize,
    fault: Fault,
}

impl Rule {
    /// What happens to this request by this rule, which keeps count.
    pub(super) fn befalls(&mut self, seen: &Seen) -> Option<Fault> {
        if self.left == 0 || !self.tests.iter().all(|test| test(seen)) {
            return None;
        }
        if self.spared > 0 {
            self.spared -= 1;
            return None;
        }
        self.left -= 1;
        Some(self.fault.clone())
    }
}

/// A rule in the making: first whom it befalls, and last what happens.
#[must_use = "say what happens: answer, reset, hang, …"]
pub(crate) struct RuleBuilder<'p> {
    proxy: &'p Proxy,
    tests: Vec<Test>,
    spared: usize,
    left: usize,
}

impl<'p> RuleBuilder<'p> {
    pub(super) fn new(proxy: &'p Proxy, verb: &str, resource: &str) -> Self {
        let (verb, resource) = (verb.to_owned(), resource.to_owned());
        let test: Test = Box::new(move |seen| seen.is(&verb, &resource));
        Self { proxy, tests: vec![test], spared: 0, left: usize::MAX }
    }

    /// Only the object of this name.
    pub(crate) fn named(self, name: &str) -> Self {
        let name = name.to_owned();
        self.only(move |seen| seen.name.as_ref() == Some(&name))
    }

    /// Only requests that are not dry-runs.
    pub(crate) fn in_earnest(self) -> Self {
        self.only(|seen| !seen.dry_run)
    }

    /// Only those of which this is true.
    pub(crate) fn only(mut self, test: impl Fn(&Seen) -> bool + Send + 'static) -> Self {
        self.tests.push(Box::new(test));
        self
    }

    /// Not the first so many.
    pub(crate) fn after(mut self, spared: usize) -> Self {
        self.spared = spared;
        self
    }

    /// No more than so many.
    pub(crate) fn times(mut self, left: usize) -> Self {
        self.left = left;
        self
    }

    /// The proxy answers with this status instead of the server.
    pub(crate) fn answer(self, status: u16) {
        self.end(Fault::Answer { status, retry_after: None });
    }

    /// The same, and says to come back after so many seconds.
    pub(crate) fn answer_retry_after(self, status: u16, seconds: u64) {
        self.end(Fault::Answer { status, retry_after: Some(seconds) });
    }

    /// The connection is reset, and the server sees nothing of it.
    pub(crate) fn reset(self) {
        self.end(Fault::Reset);
    }

    /// The server does it, and the connection is reset before the answer is there.
    pub(crate) fn lose_answer(self) {
        self.end(Fault::LoseAnswer);
    }

    /// Nothing happens, ever.
    pub(crate) fn hang(self) {
        self.end(Fault::Hang);
    }

    /// It reaches the server so much later.
    pub(crate) fn delay(self, time: Duration) {
        self.end(Fault::Delay(time));
    }

    /// The answer breaks off after so many bytes of its body.
    pub(crate) fn cut_body(self, bytes: usize) {
        self.end(Fault::Cut(bytes));
    }

    /// Something else happens before it reaches the server: somebody else gets there first.
    pub(crate) fn first(self, act: impl Fn() + Send + Sync + 'static) {
        self.end(Fault::First(Arc::new(act)));
    }

    fn end(self, fault: Fault) {
        let Self { proxy, tests, spared, left } = self;
        proxy.add(Rule { tests, spared, left, fault });
    }
}
