//! The keys of a block: where they stand, and how they are read into a type.

use serde::de::DeserializeOwned;

use crate::config::codes::BROKEN_SCHEMA;
use crate::config::{Block, Node, NodeValue};
use crate::diagnostic::{Diagnostic, Span};
use crate::resource::{FieldPath, Origin};

/// Reads the keys of a block. Its schema has accepted them, so that a failure is a bug, and is reported as one.
pub(super) fn read<T: DeserializeOwned>(block: &Block, mistakes: &mut Vec<Diagnostic>) -> Option<T> {
    match serde_path_to_error::deserialize(block.body.to_json()) {
        Ok(keys) => Some(keys),
        Err(error) => {
            // Without the error's own text: it may quote a value.
            let key = format!("{}.{}", block.address, error.path());
            let message = format!("`{key}` fits its schema and cannot be read, which is a bug");
            mistakes.push(Diagnostic::error(BROKEN_SCHEMA, message).at(block.span, ""));
            None
        }
    }
}

/// The origin of a field that comes from this key. A key that is not written is a default, and has no place.
pub(super) fn origin_of<'k>(block: &Block, keys: impl IntoIterator<Item = &'k str>) -> Origin {
    let keys: Vec<&str> = keys.into_iter().collect();
    let path = FieldPath::keys(keys.iter().copied());
    Origin::of_key(key_text(block, &path), block.body.at(keys).map(|node| node.span))
}

/// A key of a block as a user writes it: `resource.greeting.data.x`.
pub(super) fn key_text(block: &Block, path: &FieldPath) -> String {
    let path = path.to_string();
    let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
    format!("{}{dot}{path}", block.address)
}

/// Visits each value below a node, and each table and list, with its path and its place: of a table the key, of
/// everything else the value.
pub(super) fn each_value(path: &FieldPath, node: &Node, visit: &mut impl FnMut(&FieldPath, Span, &Node)) {
    match &node.value {
        NodeValue::Table(table) => {
            for (key, entry) in &table.entries {
                let at = path.key(key.as_str());
                let is_table = entry.node.as_table().is_some();
                visit(&at, if is_table { entry.key_span } else { entry.node.span }, &entry.node);
                each_value(&at, &entry.node, visit);
            }
        }
        NodeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let at = path.index(index);
                visit(&at, item.span, item);
                each_value(&at, item, visit);
            }
        }
        _ => {}
    }
}

/// The place of a key, or of the nearest table above it that is written.
pub(super) fn span_of<'k>(block: &Block, keys: impl IntoIterator<Item = &'k str>) -> Span {
    let mut at: &Node = &block.body;
    let mut span = block.span;
    for key in keys {
        match at.as_table().and_then(|table| table.get(key)) {
            Some(node) => {
                at = node;
                span = node.span;
            }
            None => break,
        }
    }
    span
}

/// The place of an item of a list.
pub(super) fn item_span<const N: usize>(block: &Block, keys: [&str; N], index: usize) -> Span {
    let item = match block.body.at(keys).map(|node| &node.value) {
        Some(NodeValue::Array(items)) => items.get(index),
        _ => None,
    };
    item.map_or_else(|| span_of(block, keys), |item| item.span)
}
