//! Values that may be secrets, by what the schemas say of their places.

use crate::config::login::hides;
use crate::config::markers::{SECRET_SOURCE, URL};
use crate::config::node::{Node, NodeValue, Table};
use crate::config::outline::{LISTS, Outline, SINGLE_TABLES};
use crate::config::shape::Shape;
use crate::config::template::{Piece, split};
use crate::diagnostic::Span;

/// How deep secrets stand in a block. A schema may contain itself.
const DEEPEST: usize = 6;

/// Finds the values of a file that may be secrets.
pub(super) fn find(root: &Node, outline: &Outline<'_>, found: &mut Vec<Span>) {
    for (kind, entry) in root.as_table().into_iter().flat_map(|table| &table.entries) {
        let Some(shape) = outline.schema_of(kind).map(Shape::new) else { continue };
        match &entry.node.value {
            NodeValue::Table(_) if SINGLE_TABLES.contains(&kind.as_str()) => {
                below(&entry.node, &shape, found);
            }
            NodeValue::Array(items) if LISTS.contains(&kind.as_str()) => {
                for item in items {
                    below(item, &shape, found);
                }
            }
            NodeValue::Table(blocks) => {
                for block in blocks.entries.values() {
                    in_block(&block.node, kind, &shape, outline, found);
                }
            }
            _ => everything(&entry.node, found),
        }
    }
}

fn in_block(node: &Node, kind: &str, shape: &Shape<'_>, outline: &Outline<'_>, found: &mut Vec<Span>) {
    let Some(table) = node.as_table() else { return everything(node, found) };
    let common = outline.block(kind).map_or(&[][..], |block| block.common_keys);
    below_table(table, shape, common, found);
    if let Some(lifecycle) = table.get("lifecycle") {
        below(lifecycle, &Shape::new(&outline.lifecycle), found);
    }
}

fn below(node: &Node, shape: &Shape<'_>, found: &mut Vec<Span>) {
    match &node.value {
        // What is no text in the place of one may be a URL all the same.
        NodeValue::Array(items) if shape.has(URL) => items.iter().for_each(|item| below(item, shape, found)),
        NodeValue::Array(items) => items.iter().for_each(|item| below(item, &shape.item(), found)),
        NodeValue::Table(table) if shape.has(URL) => {
            table.entries.values().for_each(|entry| below(&entry.node, shape, found));
        }
        NodeValue::Table(table) => below_table(table, shape, &[], found),
        NodeValue::String(text) if hides(shape, text) => found.push(node.span),
        NodeValue::String(text) if is_reference(text) => {}
        _ if is_secret(shape) || is_table_of_secrets(shape) => found.push(node.span),
        _ => {}
    }
}

/// `extra` are keys that the shape does not know, and that may stand here.
fn below_table(table: &Table, shape: &Shape<'_>, extra: &[&str], found: &mut Vec<Span>) {
    let known = shape.known();
    for (key, entry) in &table.entries {
        let is_known = known.contains_key(key.as_str()) || extra.contains(&key.as_str());
        // A misspelt key may have been meant as one that holds a secret, or stand in the wrong place.
        if shape.is_closed() && !is_known {
            everything(&entry.node, found);
        } else {
            below(&entry.node, &shape.key(key), found);
        }
    }
}

fn everything(node: &Node, found: &mut Vec<Span>) {
    match &node.value {
        NodeValue::Array(items) => items.iter().for_each(|item| everything(item, found)),
        NodeValue::Table(table) => {
            table.entries.values().for_each(|entry| everything(&entry.node, found));
        }
        _ => found.push(node.span),
    }
}

/// Whether a text is nothing but references to what stands elsewhere.
fn is_reference(text: &str) -> bool {
    let pieces = split(text);
    !pieces.is_empty() && pieces.iter().all(|piece| matches!(piece, Piece::Reference(_)))
}

/// Whether a plain value that stands here is most likely a secret in clear: in the place of a source, or
/// of a table of sources.
fn is_secret(shape: &Shape<'_>) -> bool {
    let is_source = |shape: &Shape<'_>| shape.has(SECRET_SOURCE) && !shape.types().contains(&"string");
    is_source(shape) || shape.is_map() && is_source(&shape.key(""))
}

/// Whether a table with secrets belongs here, and no single value.
fn is_table_of_secrets(shape: &Shape<'_>) -> bool {
    shape.types() == ["object"] && holds_secrets(shape, DEEPEST)
}

/// Whether this table is one of secrets, or has a key below which one stands.
fn holds_secrets(shape: &Shape<'_>, deepest: usize) -> bool {
    let below = |key: &str| deepest > 0 && holds_secrets(&shape.key(key), deepest - 1);
    is_secret(shape) || shape.known().into_keys().any(below)
}
