//! What is said of a question to somebody outside: a server, a store, a program.

use std::fmt::Display;
use std::time::Instant;

use tracing::info;

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
    let begun = Instant::now();
    let result = work.await;
    info!(target: ASKED, "{}: {}, {} ms", question(), outcome(&result), begun.elapsed().as_millis());
    result
}

/// The outcome of work that succeeds or fails, where there is no more to say of it.
pub fn done_or_failed<T, E>(result: &Result<T, E>) -> &'static str {
    if result.is_ok() { "done" } else { "failed" }
}
