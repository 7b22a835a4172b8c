//! What is said of a question to somebody outside: a server, a store, a program.

use std::fmt::Display;
use std::time::Instant;

use tracing::debug;

/// The target of the notes of [`asked`].
pub const ASKED: &str = "regplan::asked";

/// Does the work of a question, and notes it with its outcome and its time. Without somebody who listens to the notes
/// (`--verbose`), nothing is put into words.
///
/// Neither the question nor the outcome may hold a secret: a method and a path will do, and what became of it in a
/// word or a number. Nothing of what was sent and of what came back is said.
pub async fn asked<T, Q, O>(
    question: impl FnOnce() -> Q,
    work: impl Future<Output = T>,
    outcome: impl FnOnce(&T) -> O,
) -> T
where
    Q: Display,
    O: Display,
{
    let mut pending = Pending { question: Some(question), begun: Instant::now() };
    let result = work.await;
    if let Some(question) = pending.question.take() {
        note(question, outcome(&result), pending.begun);
    }
    result
}

/// A question without an answer. Whoever does not wait for it any more drops it: then that is said.
struct Pending<F, Q>
where
    F: FnOnce() -> Q,
    Q: Display,
{
    question: Option<F>,
    begun: Instant,
}

impl<F, Q> Drop for Pending<F, Q>
where
    F: FnOnce() -> Q,
    Q: Display,
{
    fn drop(&mut self) {
        if let Some(question) = self.question.take() {
            note(question, "given up", self.begun);
        }
    }
}

fn note<Q: Display>(question: impl FnOnce() -> Q, outcome: impl Display, begun: Instant) {
    debug!(target: ASKED, "{}: {outcome}, {} ms", question(), begun.elapsed().as_millis());
}

/// The outcome of work that succeeds or fails, where there is no more to say of it.
pub fn done_or_failed<T, E>(result: &Result<T, E>) -> &'static str {
    if result.is_ok() { "done" } else { "failed" }
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::sync::{Arc, Mutex};

    use futures::FutureExt as _;
    use tracing::field::{Field, Visit};
    use tracing::{Event, Subscriber, subscriber};
    use tracing_subscriber::Registry;
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

    use super::*;

    #[derive(Default, Clone)]
    struct Heard(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Heard {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            struct Message<'h>(&'h Heard);
            impl Visit for Message<'_> {
                fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
                    self.0.0.lock().unwrap().push(format!("{value:?}"));
                }
            }
            if event.metadata().target() == ASKED {
                event.record(&mut Message(self));
            }
        }
    }

    #[test]
    fn an_answer_is_noted_and_so_is_a_question_that_is_given_up() {
        let heard = Heard::default();
        subscriber::with_default(Registry::default().with(heard.clone()), || {
            let answered = asked(|| "GET /one", std::future::ready(Ok::<_, ()>(1)), done_or_failed);
            assert_eq!(answered.now_or_never(), Some(Ok(1)));
            let hanging = asked(|| "GET /two", std::future::pending::<()>(), |()| "done");
            assert_eq!(hanging.now_or_never(), None);
        });
        let heard = heard.0.lock().unwrap();
        assert_eq!(heard.len(), 2, "{heard:?}");
        assert!(
            heard[0].starts_with("GET /one: done, ") && heard[1].starts_with("GET /two: given up, "),
            "{heard:?}"
        );
    }
}
