//! Which lines belong to a block: also those between its keys, which may be comments.

use std::ops::Range;

use super::ReadFile;
use super::blocks::SecretBlocks;
use crate::config::node::{Node, NodeValue, TableEntry};
use crate::diagnostic::Span;

/// A key or a value of a file.
#[derive(Clone, Copy)]
struct Piece {
    span: Span,
    is_hidden: bool,
}

/// The lines of a file that belong to hidden blocks, in order.
pub(super) fn of(text: &str, file: &ReadFile, hidden: &SecretBlocks) -> Vec<Range<usize>> {
    let mut pieces = pieces(&file.root, hidden);
    pieces.sort_by_key(|piece| piece.span.start);
    let runs: Vec<&[Piece]> = pieces.chunk_by(|one, next| one.is_hidden == next.is_hidden).collect();
    let hidden = runs.iter().enumerate().filter(|(_, run)| run[0].is_hidden);
    let lines = hidden.map(|(index, run)| {
        let start = with_comments_above(text, line_start(text, run[0].span.start));
        let end = run.iter().map(|piece| line_end(text, piece.span.end)).max().unwrap_or(start);
        let next = runs.get(index + 1).map(|next| line_start(text, next[0].span.start));
        start..next.unwrap_or(text.len()).max(end)
    });
    lines.collect()
}

fn pieces(root: &Node, hidden: &SecretBlocks) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (kind, entry) in root.as_table().into_iter().flat_map(|table| &table.entries) {
        match &entry.node.value {
            NodeValue::Table(blocks) if !hidden.has_table(kind) => {
                for (name, block) in &blocks.entries {
                    add(block, hidden.has_block(kind, name), &mut pieces);
                }
            }
            _ => add(entry, hidden.has_table(kind), &mut pieces),
        }
    }
    pieces
}

/// Adds a key with everything below it.
fn add(entry: &TableEntry, is_hidden: bool, pieces: &mut Vec<Piece>) {
    pieces.push(Piece { span: entry.key_span, is_hidden });
    add_value(&entry.node, is_hidden, pieces);
}

fn add_value(node: &Node, is_hidden: bool, pieces: &mut Vec<Piece>) {
    pieces.push(Piece { span: node.span, is_hidden });
    match &node.value {
        NodeValue::Array(items) => items.iter().for_each(|item| add_value(item, is_hidden, pieces)),
        NodeValue::Table(table) => table.entries.values().for_each(|entry| add(entry, is_hidden, pieces)),
        _ => {}
    }
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |before| before + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |after| at + after + 1)
}

/// The start of the comments that stand right above a line.
fn with_comments_above(text: &str, mut start: usize) -> usize {
    while start > 0 {
        let above = line_start(text, start - 1);
        let line = text[above..start].trim();
        if !line.is_empty() && !line.starts_with('#') {
            break;
        }
        start = above;
    }
    start
}
