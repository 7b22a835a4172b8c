//! What each block type compiles to, and what it must know of the outside first. Pure.
//!
//! A block type is one file here and one line in [`TYPES`]: its schema, its place in the reference and
//! its completion follow from its type. It makes [`Draft`]s; what all objects have in common (namespaces,
//! addresses, references, secrets, the rules for names) is done here for all of them.

mod check;
pub mod codes;
mod compile;
mod controlled;
mod draft;
mod facts;
mod finish;
mod lifecycle;
mod manifest;
mod references;
mod registry;
mod resource;
mod schema;
mod scope;
mod secrets;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use compile::{Compiled, compile, needs};
pub use draft::{Draft, Naming};
pub use facts::{Fact, Facts, FileSet, Given, Need, SecretKeyRef, Text, User};
pub use manifest::{Document, ManifestFile, ReadError};

use crate::config::{Block, BlockSchema};
use crate::diagnostic::Diagnostic;
use crate::resource::Desired;

/// What all blocks share while they compile.
#[derive(Debug, Clone, Copy)]
pub struct CompileContext<'a> {
    /// The namespace of objects that name none.
    pub namespace: &'a str,
    /// What was found out for them.
    pub facts: &'a Facts,
}

/// A type of block.
pub trait BlockType: Sync {
    /// What the configuration must know to check a block of this type.
    fn schema(&self) -> BlockSchema;

    /// What a block must know of the outside before it compiles, as far as that can be told from the
    /// facts that are known already: it is asked again when these needs have been answered.
    fn needs(&self, block: &Block, context: &CompileContext<'_>) -> Vec<Need>;

    /// The objects that the block asks for. Mistakes that no schema finds are pushed.
    fn compile(
        &self,
        block: &Block,
        context: &CompileContext<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<Draft>;

    /// Whether `${…}` in the texts of its objects is a reference.
    fn is_interpolated(&self) -> bool {
        true
    }

    /// Whether the object is what the block is about, so that `replace_triggered_by` and `ready` mean it.
    fn leads(&self, _desired: &Desired) -> bool {
        true
    }

    /// Whether some objects of a block lead the others.
    fn has_leader(&self) -> bool {
        false
    }
}

/// Every type of block.
pub const TYPES: &[&dyn BlockType] = &[&registry::Registry, &manifest::Manifest, &resource::Resource];

/// The type with this name.
fn block_type(kind: &str) -> Option<&'static dyn BlockType> {
    TYPES.iter().copied().find(|block_type| block_type.schema().kind == kind)
}

/// What the configuration must know of every type of block.
pub fn schemas() -> Vec<BlockSchema> {
    TYPES.iter().map(|block_type| block_type.schema()).collect()
}
