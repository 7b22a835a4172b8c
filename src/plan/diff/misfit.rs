//! Fields that do not fit the schema of their kind, as an error of the object.

use crate::resource::{Desired, FieldPath, Problem, ProblemKind};

/// How many mistakes are shown of one object.
const SHOWN: usize = 10;

/// A field that does not fit.
#[derive(Debug)]
pub(super) struct Mistake {
    /// Which field.
    pub(super) path: FieldPath,
    /// The reason in the server's own form (`FieldValueInvalid`).
    pub(super) reason: &'static str,
    /// What is wrong with the field; its value is never in it.
    pub(super) words: String,
}

/// All mistakes of one object; `head` says what it does not fit.
pub(super) fn rejected(head: &str, desired: &Desired, mistakes: Vec<Mistake>) -> Problem {
    let told = mistakes.iter().take(SHOWN).map(|mistake| line(desired, mistake));
    let rest = mistakes.len().saturating_sub(SHOWN);
    let rest = (rest > 0).then(|| format!("and {rest} more"));
    let message = [head.to_owned()].into_iter().chain(told).chain(rest).collect::<Vec<_>>().join("\n  ");
    let causes =
        mistakes.into_iter().map(|mistake| (Some(mistake.path), mistake.reason.to_owned(), mistake.words));
    Problem { causes: causes.collect(), ..Problem::new(ProblemKind::Rejected, message) }
}

fn line(desired: &Desired, mistake: &Mistake) -> String {
    let whole = mistake.path.segments().is_empty();
    let path = if whole { "the object".to_owned() } else { mistake.path.to_string() };
    let origin = desired.origin(&mistake.path);
    let from = origin.map(|origin| format!(" (from `{}`)", origin.key)).unwrap_or_default();
    format!("{path}: {}{from}", mistake.words)
}
