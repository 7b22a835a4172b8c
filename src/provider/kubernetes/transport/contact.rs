//! Whether the server answers. What one request finds out, all others of the run know.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::resource::Problem;

/// Whether the server answers.
#[derive(Debug, Default)]
pub(super) struct Contact(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last_answer: Option<Instant>,
    silence: Option<Silence>,
}

/// The time without any answer.
#[derive(Debug)]
struct Silence {
    since: Instant,
    problem: Problem,
    /// Whether a request was given up because it has lasted too long.
    given_up: bool,
}

impl Contact {
    /// Whether the server has answered at all.
    pub(super) fn is_made(&self) -> bool {
        self.state().last_answer.is_some()
    }

    /// The server has answered at this moment.
    pub(super) fn answered(&self, now: Instant) {
        *self.state() = State { last_answer: Some(now), silence: None };
    }

    /// A try that began at this moment got no answer.
    pub(super) fn failed(&self, begun: Instant, problem: &Problem) {
        let mut state = self.state();
        let since = state.last_answer.map_or(begun, |answer| answer.max(begun));
        match &mut state.silence {
            Some(silence) => silence.problem = problem.clone(),
            None => state.silence = Some(Silence { since, problem: problem.clone(), given_up: false }),
        }
    }

    /// For how long no request has got an answer, up to this moment.
    pub(super) fn silent_for(&self, now: Instant) -> Duration {
        self.state().silence.as_ref().map(|silence| now - silence.since).unwrap_or_default()
    }

    /// A request is given up, because the server has not answered any for too long.
    pub(super) fn give_up(&self) {
        if let Some(silence) = &mut self.state().silence {
            silence.given_up = true;
        }
    }

    /// Why the server does not answer, once a request was given up for that and none was answered since.
    pub(super) fn given_up(&self) -> Option<Problem> {
        self.state()
            .silence
            .as_ref()
            .filter(|silence| silence.given_up)
            .map(|silence| silence.problem.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::ProblemKind;

    fn problem() -> Problem {
        Problem::new(ProblemKind::Unreachable, "nothing listens")
    }

    #[test]
    fn silence_is_counted_over_all_requests_and_ends_with_any_answer() {
        let contact = Contact::default();
        assert!(!contact.is_made());
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        contact.answered(at(5));
        // It began before the answer to another request, and so says nothing about the time before that.
        contact.failed(at(0), &problem());
        assert_eq!(contact.silent_for(at(10)), Duration::from_secs(5));
        contact.failed(at(10), &problem());
        assert_eq!(contact.silent_for(at(15)), Duration::from_secs(10), "another request adds to it");
        assert_eq!(contact.given_up(), None, "it is still tried");
        contact.give_up();
        assert_eq!(contact.given_up(), Some(problem()));
        contact.answered(at(20));
        assert_eq!((contact.silent_for(at(25)), contact.given_up()), (Duration::ZERO, None));
        contact.give_up();
        assert_eq!(contact.given_up(), None, "it answers");
    }
}
