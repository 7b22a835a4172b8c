//! Which blocks may be secrets. A block may stand in several files, which are looked at together.

use std::collections::{BTreeMap, BTreeSet};

use super::ReadFile;
use super::words::{is_secret_kind, is_string_data};
use crate::config::node::{Node, NodeValue, TableEntry};
use crate::config::outline::{LISTS, OUTPUT, Outline, SINGLE_TABLES};
use crate::config::references::SECRET_KIND;
use crate::config::shape::Shape;

/// What is hidden as a whole.
#[derive(Debug, Default)]
pub(super) struct SecretBlocks {
    /// Whole tables at the top, and keys that stand there.
    tables: BTreeSet<String>,
    /// Single blocks: type and name.
    blocks: BTreeSet<(String, String)>,
}

impl SecretBlocks {
    /// Whether everything of this table at the top is hidden.
    pub(super) fn has_table(&self, kind: &str) -> bool {
        self.tables.contains(kind)
    }

    /// Whether everything of this block is hidden.
    pub(super) fn has_block(&self, kind: &str, name: &str) -> bool {
        self.blocks.contains(&(kind.to_owned(), name.to_owned()))
    }
}

/// The blocks that may be secrets: those of `[secret]`, variables and outputs that may be sensitive, objects that may be a Secret,
/// and whatever nobody knows.
pub(super) fn secret_ones(files: &[ReadFile], outline: &Outline<'_>) -> SecretBlocks {
    let mut secret = SecretBlocks::default();
    let mut written: BTreeMap<(String, String), Vec<&Node>> = BTreeMap::new();
    for file in files {
        for (kind, entry) in file.root.as_table().into_iter().flat_map(|table| &table.entries) {
            if !outline.names().any(|known| known == kind) || kind == SECRET_KIND {
                secret.tables.insert(kind.clone());
            } else if !SINGLE_TABLES.contains(&kind.as_str()) && !LISTS.contains(&kind.as_str()) {
                let blocks = file.root.blocks(kind);
                let named = blocks.map(|(name, block)| ((kind.clone(), name.clone()), &block.node));
                named.for_each(|(block, node)| written.entry(block).or_default().push(node));
                if entry.node.as_table().is_none() {
                    secret.tables.insert(kind.clone());
                }
            }
        }
    }
    let may_be_secret = |kind: &str, nodes: &[&Node]| {
        let Some(shape) = outline.schema_of(kind).map(Shape::new) else { return true };
        match kind {
            "variable" | OUTPUT => nodes.iter().any(|node| may_be_sensitive(node, &shape)),
            // Blocks that take any key are whole objects.
            _ if !shape.is_closed() => {
                !nodes.iter().any(|node| has_harmless_kind(node))
                    || nodes.iter().any(|node| has_secret_below(node))
            }
            _ => false,
        }
    };
    let found = written.into_iter().filter(|((kind, _), nodes)| may_be_secret(kind, nodes));
    secret.blocks = found.map(|(block, _)| block).collect();
    secret
}

/// Whether a variable or an output is sensitive, or may be meant to be.
fn may_be_sensitive(node: &Node, shape: &Shape<'_>) -> bool {
    let Some(table) = node.as_table() else { return true };
    let known = shape.known();
    let is_open = |key: &str, entry: &TableEntry| match key {
        "sensitive" => entry.node.value == NodeValue::Boolean(false),
        _ => known.contains_key(key),
    };
    !table.entries.iter().all(|(key, entry)| is_open(key, entry))
}

/// Whether an object says that it is something else than a Secret.
fn has_harmless_kind(node: &Node) -> bool {
    let kind = node.at(["kind"]).and_then(Node::as_str);
    kind.is_some_and(|kind| !kind.is_empty() && !kind.contains("${") && !is_secret_kind(kind))
}

/// Whether something in an object is a Secret, or looks like the content of one.
fn has_secret_below(node: &Node) -> bool {
    match &node.value {
        NodeValue::Array(items) => items.iter().any(has_secret_below),
        NodeValue::Table(table) => table.entries.iter().any(|(key, entry)| {
            let names_secret =
                key.eq_ignore_ascii_case("kind") && entry.node.as_str().is_some_and(is_secret_kind);
            names_secret || is_string_data(key) || has_secret_below(&entry.node)
        }),
        _ => false,
    }
}
