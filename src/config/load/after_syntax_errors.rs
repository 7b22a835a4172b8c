//! Which mistakes are reported where a file is not TOML.

use std::collections::BTreeSet;

use crate::config::codes;
use crate::diagnostic::{Diagnostic, Sources, Span};

/// The mistakes that are surely the user's. Where a file is not TOML, the reader makes up a value and goes on,
/// and what it made up can look like other mistakes. Those are left out. If they are real, the next run finds
/// them, when the syntax is right.
///
/// `shown` are the sources with the lines that are hidden. In such a line of a broken file a key may be a part of a
/// secret, so that what is said there quotes nothing.
pub(super) fn credible(
    mut mistakes: Vec<Diagnostic>,
    broken: &[Span],
    sources: &Sources,
    shown: &Sources,
) -> Vec<Diagnostic> {
    if broken.is_empty() {
        return mistakes;
    }
    let is_hidden = |span: Span| {
        // What stands before the first of them was read as it is meant.
        let is_doubtful =
            broken.iter().any(|broken| broken.source == span.source && broken.start <= span.start);
        is_doubtful && shown.get(span.source).is_some_and(|source| source.hides(span))
    };
    mistakes.retain(|mistake| {
        matches!(mistake.code, codes::SYNTAX | codes::RESERVED_CHARACTER | codes::TOO_LARGE)
            || !mistake.labels.iter().any(|label| is_hidden(label.span))
    });
    let line = |span: Span| sources.line_of(span).map(|(_, line)| (span.source, line));
    let broken_lines: BTreeSet<_> = broken.iter().filter_map(|span| line(*span)).collect();
    let broken_header = broken.iter().any(|span| {
        let text = sources.get(span.source).map_or("", |source| &source.text);
        let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
        text[start..].trim_start().starts_with('[')
    });
    let independent = |code| {
        matches!(
            code,
            codes::SYNTAX
                | codes::DUPLICATE_KEY
                | codes::RESERVED_CHARACTER
                | codes::TOO_LARGE
                | codes::NO_CONFIGURATION
                | codes::MISSING_FILE
                | codes::UNREADABLE_FILE
                | codes::NOT_UTF8
        )
    };
    let doubtful = |code| {
        matches!(
            code,
            codes::MISSING_KEY | codes::UNKNOWN_REFERENCE | codes::UNKNOWN_VARIABLE | codes::UNSET_VARIABLE
        )
    };
    let keep = |mistake: &Diagnostic| {
        independent(mistake.code)
            || !broken_header
                && !doubtful(mistake.code)
                && mistake
                    .labels
                    .first()
                    .and_then(|label| line(label.span))
                    .is_some_and(|at| !broken_lines.contains(&at))
    };
    mistakes.into_iter().filter(keep).collect()
}
