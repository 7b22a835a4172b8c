//! Where comments stand. What somebody wrote for people only, such as an old password, is never drawn.

use std::ops::Range;

use super::ReadFile;
use crate::config::node::{Node, NodeValue, TableEntry};

/// The comments of a file, each from behind its `#` to the end of the line. Where nobody can say what is text and what is a
/// comment, every `#` begins one.
pub(super) fn of(text: &str, file: &ReadFile) -> Vec<Range<usize>> {
    let mut quoted = Vec::new();
    if file.is_whole {
        below(&file.root, &mut quoted);
        quoted.sort_by_key(|range| range.start);
    }
    let mut comments: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.match_indices('#') {
        let is_in_comment = comments.last().is_some_and(|comment| at < comment.end);
        let before = quoted.partition_point(|range| range.start <= at);
        let is_quoted =
            before.checked_sub(1).and_then(|last| quoted.get(last)).is_some_and(|range| at < range.end);
        if !is_in_comment && !is_quoted {
            let end = text[at..].find('\n').map_or(text.len(), |after| at + after);
            comments.push(at + 1..end);
        }
    }
    comments
}

/// The keys and single values of a tree: a `#` in them is text.
fn below(node: &Node, found: &mut Vec<Range<usize>>) {
    match &node.value {
        NodeValue::Array(items) => items.iter().for_each(|item| below(item, found)),
        NodeValue::Table(table) => table.entries.values().for_each(|entry| entry_below(entry, found)),
        _ => found.push(node.span.start..node.span.end),
    }
}

fn entry_below(entry: &TableEntry, found: &mut Vec<Range<usize>>) {
    found.push(entry.key_span.start..entry.key_span.end);
    below(&entry.node, found);
}
