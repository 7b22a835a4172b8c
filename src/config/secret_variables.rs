//! The environment variables from which secrets come, by what the schemas say of their places. No program that is
//! started needs them.

use std::collections::BTreeSet;

use super::markers::SECRET_SOURCE;
use super::node::{Node, NodeValue};
use super::outline::Outline;
use super::shape::Shape;
use super::variables::{Variables, names_in_environment};

/// Their names, as far as the text has them.
pub(super) fn find(root: &Node, outline: &Outline<'_>, variables: &Variables) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for block in outline.blocks() {
        let shape = Shape::new(&block.schema);
        root.blocks(block.kind).for_each(|(_, entry)| below(&entry.node, &shape, &mut found));
    }
    let sensitive = variables.iter().filter(|(_, variable)| variable.sensitive);
    found.extend(sensitive.flat_map(|(name, _)| names_in_environment(name)));
    let identity = root.at(["state", "encryption", "identity", "env"]).and_then(Node::as_str);
    found.extend(identity.map(str::to_owned));
    found
}

fn below(node: &Node, shape: &Shape<'_>, found: &mut BTreeSet<String>) {
    match &node.value {
        NodeValue::Array(items) => items.iter().for_each(|item| below(item, &shape.item(), found)),
        NodeValue::Table(table) => {
            if shape.has(SECRET_SOURCE) {
                let name = table.entries.get("env").and_then(|entry| entry.node.as_str());
                found.extend(name.map(str::to_owned));
            }
            table.entries.iter().for_each(|(key, entry)| below(&entry.node, &shape.key(key), found));
        }
        _ => {}
    }
}
