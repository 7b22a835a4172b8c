//! Keys and tables that are written twice: both places are shown.

use crate::config::codes;
use crate::config::node::{Node, NodeValue};
use crate::diagnostic::{Diagnostic, Span};

/// The keys of one file that are written twice, as the TOML reader reports them one after the other.
pub(super) struct RepeatedKeys<'a> {
    root: &'a Node,
    text: &'a str,
    /// The header of the last table that was written twice.
    repeated_header: Option<Span>,
}

impl<'a> RepeatedKeys<'a> {
    /// None so far.
    pub(super) fn new(root: &'a Node, text: &'a str) -> Self {
        Self { root, text, repeated_header: None }
    }

    /// The mistake for a key that stands here for the second time. `None` where it is reported already: a
    /// table that is written twice brings its keys along.
    pub(super) fn mistake(&mut self, again: Span) -> Option<Diagnostic> {
        let text = self.text;
        let first = first_place(self.root, text, again);
        let is_reported = self.repeated_header.is_some_and(|header| {
            let between = text.get(header.end..again.start).unwrap_or_default();
            let same_table = !between.lines().any(|line| line.trim_start().starts_with('['));
            same_table && first.is_some_and(|first| first.start < header.start)
        });
        if is_reported {
            return None;
        }
        let (name, place, help) = match header_around(text, again) {
            Some(header) => {
                self.repeated_header = Some(header);
                let name = text.get(header.start..header.end);
                (
                    name,
                    header,
                    if header == again { "remove one of them" } else { "put them together, or remove one" },
                )
            }
            None => (text.get(again.start..again.end), again, "remove one of them"),
        };
        let name = name.unwrap_or_default();
        Some(
            Diagnostic::error(codes::DUPLICATE_KEY, format!("`{name}` is written twice"))
                .at(place, "again here")
                .at_opt(first, "first here")
                .help(help),
        )
    }
}

/// The whole header of a table, `[a.b]`, that a place lies in.
fn header_around(text: &str, at: Span) -> Option<Span> {
    let start = text.get(..at.start)?.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text.get(start..)?.lines().next()?;
    let start = start + line.len() - line.trim_start().len();
    let end = at.end + text.get(at.end..)?.find(']')? + 1;
    let header = text.get(start..end)?;
    let whole = header.starts_with('[') && !header.contains(['\n', '=', '#']);
    whole.then_some(Span { source: at.source, start, end })
}

/// Where a key that is written twice stands first. The reader keeps one of both places: for a table's
/// header the later one, so that the first is looked for in the text.
fn first_place(root: &Node, text: &str, again: Span) -> Option<Span> {
    let line_start = text.get(..again.start)?.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(line_start..)?.lines().next()?;
    let source = again.source;
    if line.trim_start().starts_with('[') {
        let squeezed = |line: &str| {
            let header = line.split('#').next().unwrap_or_default();
            header.chars().filter(|c| !c.is_whitespace()).collect::<String>()
        };
        let mut start = 0;
        for other in text.get(..line_start)?.split_inclusive('\n') {
            if squeezed(other) == squeezed(line) {
                let indent = other.len() - other.trim_start().len();
                return Some(Span { source, start: start + indent, end: start + other.trim_end().len() });
            }
            start += other.len();
        }
    }
    let key = text.get(again.start..again.end)?;
    let mut table = (root, 0);
    enclosing_table(root, text, again.start, &mut table);
    let mut found = None;
    same_key(table.0, text, key, again.start, &mut found);
    found
}

/// The table with the last header before a place.
fn enclosing_table<'n>(node: &'n Node, text: &str, before: usize, found: &mut (&'n Node, usize)) {
    let NodeValue::Table(table) = &node.value else { return };
    for entry in table.entries.values() {
        let start = entry.node.span.start;
        let has_header = text.get(start..).is_some_and(|rest| rest.starts_with('['));
        if has_header && start < before && start >= found.1 && entry.node.as_table().is_some() {
            *found = (&entry.node, start);
        }
        enclosing_table(&entry.node, text, before, found);
    }
}

/// The last key of this name before a place, below a table.
fn same_key(node: &Node, text: &str, key: &str, before: usize, found: &mut Option<Span>) {
    let NodeValue::Table(table) = &node.value else { return };
    for entry in table.entries.values() {
        let span = entry.key_span;
        let earlier = span.start < before && found.is_none_or(|found| found.start < span.start);
        if earlier && text.get(span.start..span.end) == Some(key) {
            *found = Some(span);
        }
        same_key(&entry.node, text, key, before, found);
    }
}
