//! How many mistakes of one run are shown. Whoever has hundreds corrects the first ones and runs again: often the
//! others follow from them.

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::report::plural;

/// How many mistakes are shown in one run, whichever files and blocks they come from.
const MOST: usize = 20;

/// The mistakes that are shown, and how many there are.
pub(super) struct Shown {
    /// By place. An error comes before a warning where there are too many.
    pub(super) mistakes: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

impl Shown {
    /// Chooses among all mistakes of a run.
    pub(super) fn of(all: &Diagnostics) -> Self {
        let (mut mistakes, mut warnings): (Vec<_>, Vec<_>) =
            all.clone().sorted().into_iter().partition(|mistake| mistake.severity == Severity::Error);
        let (errors, all_warnings) = (mistakes.len(), warnings.len());
        mistakes.truncate(MOST);
        warnings.truncate(MOST - mistakes.len());
        mistakes.append(&mut warnings);
        let mistakes = Diagnostics::from(mistakes).sorted().into_iter().collect();
        Self { mistakes, errors, warnings: all_warnings }
    }

    /// How many there are, and how many of them are left out; empty where there are only warnings, and all are shown.
    pub(super) fn summary(&self) -> String {
        let shown_errors = self.errors.min(MOST);
        let shown_warnings = self.mistakes.len() - shown_errors;
        let errors = match self.errors {
            0 => String::new(),
            count => format!("{count} {}; nothing was done.\n", plural(count, "mistake", "mistakes")),
        };
        let left_out = match (self.errors - shown_errors, self.warnings - shown_warnings) {
            (0, 0) => return errors,
            (0, count) => more_warnings(count),
            (count, 0) => more_mistakes(count),
            (errors, warnings) => format!("{} and {}", more_mistakes(errors), more_warnings(warnings)),
        };
        format!("{errors}{left_out} not shown: correct what is shown, and run the same command again.\n")
    }
}

fn more_mistakes(count: usize) -> String {
    format!("{count} more {}", plural(count, "mistake", "mistakes"))
}

fn more_warnings(count: usize) -> String {
    format!("{count} more {}", plural(count, "warning", "warnings"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{SourceId, Span};

    /// So many errors behind so many warnings.
    fn shown(errors: usize, warnings: usize) -> Shown {
        let at = |start| Span { source: SourceId(0), start, end: start + 1 };
        let warnings = (0..warnings).map(|place| Diagnostic::warning("w", "odd").at(at(place), ""));
        let errors = (0..errors).map(|place| Diagnostic::error("e", "wrong").at(at(1000 + place), ""));
        Shown::of(&Diagnostics::from(errors.chain(warnings).collect::<Vec<_>>()))
    }

    fn summary(errors: usize, warnings: usize) -> String {
        shown(errors, warnings).summary()
    }

    #[test]
    fn all_mistakes_are_shown_up_to_twenty() {
        assert_eq!(shown(12, 8).mistakes.len(), 20);
        assert_eq!(summary(0, 20), "");
        assert_eq!(summary(1, 0), "1 mistake; nothing was done.\n");
        assert_eq!(summary(20, 0), "20 mistakes; nothing was done.\n");
    }

    #[test]
    fn of_more_the_first_are_shown_errors_before_warnings() {
        let many = shown(15, 30);
        assert_eq!(many.mistakes.len(), 20);
        assert_eq!(many.mistakes.iter().filter(|mistake| mistake.severity == Severity::Error).count(), 15);
        assert_eq!(many.mistakes.first().map(|mistake| mistake.code), Some("w"), "by place");
        let rest = "correct what is shown, and run the same command again.\n";
        assert_eq!(
            many.summary(),
            format!("15 mistakes; nothing was done.\n25 more warnings not shown: {rest}")
        );
        assert_eq!(
            summary(130, 0),
            format!("130 mistakes; nothing was done.\n110 more mistakes not shown: {rest}")
        );
        assert_eq!(
            summary(21, 1),
            format!("21 mistakes; nothing was done.\n1 more mistake and 1 more warning not shown: {rest}")
        );
        assert_eq!(summary(0, 22), format!("2 more warnings not shown: {rest}"));
    }
}
