//! Shows the difference of two long texts by their changed lines.

use similar::{ChangeTag, TextDiff};

use crate::report::format::escape::escape;
use crate::report::format::layout::{Breaking, fit};
use crate::report::format::styled::{Label, Styled};

/// Lines of context around a changed line.
const CONTEXT: usize = 2;

/// The difference of two texts as their changed lines, with some context.
pub(in crate::report) fn line_diff(before: &str, after: &str, indent: usize, width: usize) -> Styled {
    let mut text = Styled::default();
    for line in changed_lines(before, after) {
        let mut whole = Styled::default();
        whole.push(line.label(), format!("{:indent$}{} {}", "", line.sign(), line.text()));
        text.append(fit(&whole, width, indent + 2, Breaking::Anywhere)).end();
    }
    text
}

/// A line of the difference between two texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::report) enum DiffLine {
    /// It is removed.
    Removed(String),
    /// It is added.
    Added(String),
    /// It is unchanged, and shown as context.
    Same(String),
    /// It stands for unchanged lines that are not shown.
    Gap,
}

impl DiffLine {
    pub(in crate::report) fn sign(&self) -> &'static str {
        match self {
            Self::Removed(_) => "-",
            Self::Added(_) => "+",
            Self::Same(_) | Self::Gap => " ",
        }
    }

    pub(in crate::report) fn text(&self) -> &str {
        match self {
            Self::Removed(text) | Self::Added(text) | Self::Same(text) => text,
            Self::Gap => "...",
        }
    }

    fn label(&self) -> Label {
        match self {
            Self::Removed(_) => Label::Destroy,
            Self::Added(_) => Label::Add,
            Self::Same(_) | Self::Gap => Label::Dim,
        }
    }
}

/// A line that is safe to print. Of a changed one, what stands at its end and would not be seen is made visible.
fn visible(line: &str, tag: ChangeTag) -> String {
    let Some(text) = line.strip_suffix('\n') else {
        let end = if tag == ChangeTag::Equal { "" } else { " (no newline at the end)" };
        return escape(line) + end;
    };
    let kept = text.trim_end_matches([' ', '\t']);
    if tag == ChangeTag::Equal || kept.len() == text.len() {
        return escape(text);
    }
    let blanks: String =
        text.chars().skip(kept.chars().count()).map(|c| if c == ' ' { '·' } else { '→' }).collect();
    escape(kept) + &blanks
}

/// The lines of the difference between two texts, safe to print.
pub(in crate::report) fn changed_lines(before: &str, after: &str) -> Vec<DiffLine> {
    let diff = TextDiff::from_lines(before, after);
    let mut lines = Vec::new();
    for (at, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if at > 0 {
            lines.push(DiffLine::Gap);
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let text = visible(change.value(), change.tag());
            lines.push(match change.tag() {
                ChangeTag::Delete => DiffLine::Removed(text),
                ChangeTag::Insert => DiffLine::Added(text),
                ChangeTag::Equal => DiffLine::Same(text),
            });
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: &str, after: &str) -> Vec<String> {
        changed_lines(before, after).iter().map(|line| format!("{} {}", line.sign(), line.text())).collect()
    }

    #[test]
    fn what_differs_only_at_its_end_is_made_visible() {
        assert_eq!(shown("a\nb\n", "a\nb"), ["  a", "- b", "+ b (no newline at the end)"]);
        assert_eq!(shown("a\nb  \n", "a\nb\n"), ["  a", "- b··", "+ b"]);
        assert_eq!(shown("a\n", "a\t\n"), ["- a", "+ a→"]);
    }
}
