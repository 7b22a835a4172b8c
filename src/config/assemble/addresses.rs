//! Keys that take a bare address: `depends_on = ["manifest.crds"]`.

use crate::config::codes;
use crate::config::node::Node;
use crate::config::outline::Outline;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::suggest;
use crate::resource::{Address, BlockAddress};

/// The address that a text is. Whether anything has it is not asked.
pub(super) fn read_address(item: &Node, mistakes: &mut Vec<Diagnostic>) -> Option<Address> {
    match item.as_str()?.parse::<Address>() {
        Ok(address) => Some(address),
        Err(error) => {
            mistakes.push(
                Diagnostic::error(codes::BAD_REFERENCE, error.to_string())
                    .at(item.span, "")
                    .help("write `TYPE.NAME` or `TYPE.NAME/Kind/name`, without `${}`"),
            );
            None
        }
    }
}

/// The address that a text is, if its block exists. Which objects the block has is not known here.
pub(super) fn address_of_block(
    item: &Node,
    root: &Node,
    outline: &Outline<'_>,
    mistakes: &mut Vec<Diagnostic>,
) -> Option<Address> {
    let address = read_address(item, mistakes)?;
    let BlockAddress { kind, name } = &address.block;
    let is_namespace = kind == "namespace" && outline.block(kind).is_none();
    let exists = outline.block(kind).is_some() && root.at([kind.as_str(), name.as_str()]).is_some();
    if !is_namespace && !exists {
        let blocks: Vec<_> = outline
            .blocks()
            .iter()
            .flat_map(|block| root.blocks(block.kind).map(|(name, _)| format!("{}.{name}", block.kind)))
            .collect();
        let wanted = address.block.to_string();
        let help = suggest(&wanted, blocks.iter().map(String::as_str), "there are no blocks");
        mistakes.push(
            Diagnostic::error(codes::UNKNOWN_REFERENCE, format!("there is no block `{wanted}`"))
                .at(item.span, "")
                .help(help),
        );
        return None;
    }
    Some(address)
}
