//! Breaks lines so that they fit a terminal.
//!
//! Sentences are broken between words. Text that users copy (an address, a line for the configuration) is
//! never broken. Text that they only read (a path, a value) is broken before it would be wider than the
//! terminal.

use textwrap::core::display_width;

use crate::report::format::styled::{Label, Styled};

/// Narrower terminals are treated as if they had this many columns.
const NARROWEST: usize = 40;
/// The largest number of columns that a tab moves.
const TAB: usize = 8;
/// A path or a value is broken after one of these characters, if it has one.
const JOINTS: &str = ".,:;/=]})";

/// Where a line may be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Breaking {
    /// Only between words.
    Words,
    /// Between words, and within a word that is longer than a line.
    Anywhere,
}

/// How many columns a text takes.
pub(in crate::report) fn width_of(text: &str) -> usize {
    display_width(text) + text.matches('\t').count() * TAB
}

/// Breaks one line into lines of at most `width` columns. All but the first are indented by `hang`.
pub(in crate::report) fn fit(line: &Styled, width: usize, hang: usize, breaking: Breaking) -> Styled {
    let width = width.max(NARROWEST);
    let all: Vec<(Label, char)> =
        line.pieces().flat_map(|(label, text)| text.chars().map(move |c| (label, c))).collect();
    let mut fitted = Styled::default();
    let mut rest = all.as_slice();
    let mut room = width;
    while !rest.is_empty() {
        let end = end_of_line(rest, room, width.saturating_sub(hang), breaking);
        let (this, after) = rest.split_at(end);
        push(&mut fitted, this);
        rest = trimmed(after);
        if !rest.is_empty() {
            fitted.end().push(Label::Plain, " ".repeat(hang));
        }
        room = width.saturating_sub(hang).max(1);
    }
    fitted
}

/// How many of the characters fit into the first line, at least one. `room` is its width in columns, and
/// `whole` that of the next lines.
fn end_of_line(all: &[(Label, char)], room: usize, whole: usize, breaking: Breaking) -> usize {
    let begin = all.iter().take_while(|(_, c)| *c == ' ').count();
    let (mut column, mut space, mut joint) = (0, None, None);
    for (at, (_, c)) in all.iter().enumerate() {
        if *c == ' ' && at >= begin {
            if column > room && breaking == Breaking::Words {
                return at;
            }
            space = Some(at);
        }
        column += width_of(c.encode_utf8(&mut [0; 4]));
        if column > room {
            // A space may be beyond the edge, since it is not visible.
            if let Some(space) = space.filter(|_| *c != ' ') {
                // A word that must be broken anyway begins in this line, if a joint of it fits.
                let word = all.iter().skip(space + 1).take_while(|(_, c)| *c != ' ').count();
                let is_too_long = breaking == Breaking::Anywhere && word > whole;
                return joint.filter(|joint| is_too_long && *joint > space).unwrap_or(space);
            }
            if breaking == Breaking::Anywhere && *c != ' ' {
                return joint.unwrap_or(at).max(begin + 1);
            }
        } else if JOINTS.contains(*c) && at > begin {
            joint = Some(at + 1);
        }
    }
    all.len()
}

fn trimmed(line: &[(Label, char)]) -> &[(Label, char)] {
    let spaces = line.iter().take_while(|(_, c)| *c == ' ').count();
    line.get(spaces..).unwrap_or_default()
}

/// Appends the characters to the text, joined by label, without the spaces at the end.
fn push(text: &mut Styled, line: &[(Label, char)]) {
    let spaces = line.iter().rev().take_while(|(_, c)| *c == ' ').count();
    let line = line.get(..line.len() - spaces).unwrap_or_default();
    for same in line.chunk_by(|(one, _), (other, _)| one == other) {
        if let Some((label, _)) = same.first() {
            text.push(*label, same.iter().map(|(_, c)| *c).collect::<String>());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fitted(text: &str, breaking: Breaking) -> String {
        fit(Styled::default().push(Label::Plain, text), 40, 4, breaking).to_string()
    }

    #[test]
    fn sentences_end_their_lines_between_words() {
        let text = "  a sentence that is somewhat longer than the line is wide, with (brackets)";
        insta::assert_snapshot!(fitted(text, Breaking::Words), @r"
          a sentence that is somewhat longer
            than the line is wide, with
            (brackets)
        ");
    }

    #[test]
    fn what_is_copied_stays_whole_and_what_is_read_is_broken_at_a_joint() {
        let text = "  at spec.template.spec.containers[registry].image.and.so.on";
        insta::assert_snapshot!(fitted(text, Breaking::Words), @r"
          at
            spec.template.spec.containers[registry].image.and.so.on
        ");
        insta::assert_snapshot!(fitted(text, Breaking::Anywhere), @r"
          at spec.template.spec.
            containers[registry].image.and.so.on
        ");
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_nothing_is_lost(text in "[a-z.\u{4e2d}€ ]{0,200}", width in 40_usize..100) {
            let shown = fit(Styled::default().push(Label::Plain, text.as_str()), width, 6, Breaking::Anywhere);
            let shown = shown.to_string();
            for line in shown.lines() {
                prop_assert!(width_of(line) <= width, "{line:?}");
            }
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(bare(&shown), bare(&text));
        }
    }
}
