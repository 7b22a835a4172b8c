//! Keys that name another block by its address: `tls.issuer = "issuer.letsencrypt"`.

use super::Assembly;
use crate::config::codes;
use crate::config::markers::BLOCK;
use crate::config::node::{Node, NodeValue};
use crate::config::shape::Shape;
use crate::diagnostic::nearest::suggest;
use crate::diagnostic::{Diagnostic, Span};
use crate::resource::{AddressError, BlockAddress, FieldPath};

impl Assembly<'_> {
    /// The blocks that the keys of a block name, each with its place. What is wrong with one is pushed.
    pub(super) fn named_blocks(
        &mut self,
        body: &Node,
        at: &FieldPath,
        shape: &Shape<'_>,
        own: &BlockAddress,
    ) -> Vec<(BlockAddress, Span)> {
        let mut texts = Vec::new();
        addresses_in(body, at, shape, &mut texts);
        let mut named = Vec::new();
        for Named { at, kind, text, span } in texts {
            // What could not be resolved has a mistake already.
            if self.failed.contains(&at) {
                continue;
            }
            match self.named_block(&at, kind, text, own) {
                Ok(block) => named.push((block, span)),
                Err(mistake) => self.mistakes.push(mistake.at(span, "")),
            }
        }
        named
    }

    fn named_block(
        &self,
        at: &FieldPath,
        kind: &str,
        text: &str,
        own: &BlockAddress,
    ) -> Result<BlockAddress, Diagnostic> {
        let block: BlockAddress = text.parse().map_err(|error: AddressError| {
            Diagnostic::error(codes::BAD_REFERENCE, error.to_string())
                .help(format!("write `{kind}.NAME`, without `${{}}`"))
        })?;
        let blocks: Vec<_> = self.root.blocks(kind).map(|(name, _)| format!("{kind}.{name}")).collect();
        let none = format!("declare it with `[{kind}.NAME]`");
        let help = suggest(text, blocks.iter().map(String::as_str), &none);
        let is_there = self.outline.block(&block.kind).is_some()
            && self.root.at([block.kind.as_str(), block.name.as_str()]).is_some();
        if !is_there {
            let message = format!("there is no block `{block}`");
            return Err(Diagnostic::error(codes::UNKNOWN_REFERENCE, message).help(help));
        }
        if block.kind != kind {
            let message = format!("`{at}` takes a block of the type `{kind}`, and `{block}` is none");
            return Err(Diagnostic::error(codes::WRONG_TYPE, message).help(help));
        }
        if block == *own {
            let message = format!("`{at}` names its own block");
            return Err(Diagnostic::error(codes::REFERENCE_CYCLE, message).help("name another block"));
        }
        Ok(block)
    }
}

/// A text that names a block.
struct Named<'a> {
    at: FieldPath,
    /// The type that the block must have.
    kind: &'a str,
    text: &'a str,
    span: Span,
}

/// All texts of which the schema says that they name a block.
fn addresses_in<'a>(node: &'a Node, at: &FieldPath, shape: &Shape<'a>, found: &mut Vec<Named<'a>>) {
    if shape.is_empty() {
        return;
    }
    match &node.value {
        NodeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                addresses_in(item, &at.index(index), &shape.item(), found);
            }
        }
        NodeValue::Table(table) => {
            for (key, entry) in &table.entries {
                addresses_in(&entry.node, &at.key(key.as_str()), &shape.key(key), found);
            }
        }
        NodeValue::String(text) => {
            if let Some(kind) = shape.text(BLOCK) {
                found.push(Named { at: at.clone(), kind, text, span: node.span });
            }
        }
        _ => {}
    }
}
