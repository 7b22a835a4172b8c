//! The changes that an existing object does not take, marked and told: by the table of
//! [`kubernetes::immutable`](crate::kubernetes::immutable), and by the server's answer.

use std::fmt::Write as _;

use serde_json::Value;

use crate::kubernetes::immutable::{is_immutable, loss, says_immutable};
use crate::plan::model::change::{After, FieldChange};
use crate::resource::{FieldPath, Identity, Problem, ProblemKind};

/// Marks the changes that the table says cannot be made to the object as it is; whether there are any. A
/// field whose value is known only after apply may well stay as it is, and is none of them.
pub(in crate::plan) fn mark(identity: &Identity, live: &Value, fields: &mut [FieldChange]) -> bool {
    let mut any = false;
    for field in fields {
        let is_known = !matches!(field.after, After::Unknown(_));
        field.forces_replacement = is_known && is_immutable(identity, live, &field.path);
        any |= field.forces_replacement;
    }
    any
}

/// Marks the changes that the server will not make: those under the fields that it names, as narrowly as the
/// table tells.
pub(in crate::plan) fn mark_named(
    identity: &Identity,
    live: &Value,
    named: &[FieldPath],
    fields: &mut [FieldChange],
) {
    let by_table = mark(identity, live, fields);
    for field in fields {
        let is_named = |path: &FieldPath| path.contains(&field.path) || field.path.contains(path);
        // `spec` alone says nothing that the table would not say better.
        let exactly = named.iter().any(|path| path.segments().len() > 1 && is_named(path));
        field.forces_replacement |= exactly || (!by_table && named.iter().any(is_named));
    }
}

/// The sentence that says why an object is made anew, and what that costs.
pub(in crate::plan) fn story(identity: &Identity, fields: &[FieldChange]) -> String {
    let mut forcing: Vec<String> =
        fields.iter().filter(|field| field.forces_replacement).map(|field| field.path.to_string()).collect();
    let more = forcing.len().saturating_sub(3);
    forcing.truncate(3);
    let mut names = forcing.join(", ");
    if more > 0 {
        let _ = write!(names, " and {more} more"); // writing to a String does not fail
    }
    let cause = match names.as_str() {
        "" => format!("an existing {} cannot be changed this way", identity.kind),
        names => format!("{names} cannot be changed on an existing {}", identity.kind),
    };
    match loss(identity) {
        Some(loss) => format!("{cause}; {loss}"),
        None => cause,
    }
}

/// The fields that the server will not change on an existing object, where that is what it says.
///
/// Most kinds give one cause for each such field; a `StatefulSet` names only `spec`.
pub(in crate::plan) fn named_by_server(problem: &Problem) -> Option<Vec<FieldPath>> {
    if problem.kind != ProblemKind::Rejected {
        return None;
    }
    let fields: Vec<_> = problem
        .causes
        .iter()
        .filter(|(_, _, words)| says_immutable(words))
        .filter_map(|(path, _, _)| path.clone())
        .collect();
    // Another cause beside them would remain after a replacement: then the user must mend that first.
    (!fields.is_empty() && fields.len() == problem.causes.len()).then_some(fields)
}

#[cfg(test)]
mod tests;
