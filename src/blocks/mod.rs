//! What the blocks of a configuration compile to, and what they must know of the outside first. Pure.
//!
//! A block is read into the spec of its type, asks for facts, and then makes drafts of objects. What all objects
//! have in common (namespaces, addresses, references, secrets, the rules for names) is done for all of them here.
//!
//! To add a type of block: one file in `types/`, and one line in the list there; see its `mod.rs`.
//!
//! | File | The question that it answers |
//! |---|---|
//! | `types` | Which types of blocks are there, and what does each compile to? |
//! | `block_type` | What must a type of block say, and what can a block look at? |
//! | `specs` | What do the other blocks say? |
//! | `compile` | What comes of all blocks together? |
//! | `facts` | What do blocks ask of the outside, and what came back? |
//! | `keys` | Where does a key of a block stand, and how are the keys read? |
//! | `draft` | What does a block know of an object, before the common rules? |
//! | `substitution` | What is put in for `${secret.NAME}` and sensitive variables? |
//! | `scope` | Does a kind live in namespaces? |
//! | `finish` | How does a draft become a desired resource, and which rules must every object keep? |
//! | `defined_apis` | Which kinds do the blocks define, and which of them can a block count on? |
//! | `lifecycle` | Which object of a block do `depends_on` and `lifecycle` mean? |
//! | `object_filter` | Which objects of a manifest do `only` and `exclude` mean? |
//! | `ingress_controllers` | How does a configuration name an ingress controller? |
//! | `tsig` | How are changes at a name server signed, and which keys are none? |
//! | `namespaces` | Which namespaces are shared by all, and which does the configuration itself declare? |
//! | `properties` | What do blocks give beside their keys? |
//! | `endpoint` | How is a registry reached? |
//! | `outputs` | What is known of `[output.NAME]` before the cluster is asked? |
//! | `references` | Do the addresses that blocks name lead to objects? |
//! | `schema` | How does a type become the JSON Schema of its block? |
//! | `value_words` | How do messages name the type of a value? |
//! | `codes` | What are the mistakes called? |

mod block_type;
pub mod codes;
mod compile;
mod defined_apis;
mod draft;
mod endpoint;
mod facts;
mod finish;
mod ingress_controllers;
mod keys;
mod lifecycle;
mod namespaces;
mod object_filter;
mod outputs;
mod properties;
mod references;
mod schema;
mod scope;
mod specs;
mod substitution;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tsig;
mod types;
mod value_words;

pub use compile::{Blocks, CompiledBlocks};
pub use endpoint::{Access, Endpoint, Entry, Exposed, Reach, ServedTls, Signed, Signer};
pub use facts::{
    Capabilities, ChartOrigin, ChartPast, ChartSource, GoesOn, HiddenText, LocalChart, RandomPast,
    RenderRequest, Rendered, SentOfChart,
};
pub use facts::{
    Document, Fact, Facts, FileLines, FilePattern, HtpasswdUser, LiveObject, ManifestFile, NamespaceLabels,
    Need, ReadError, SecretInputs, SecretKeyRef, SecretText,
};
pub use outputs::CompiledOutput;

use crate::config::BlockSchema;

/// What the configuration must know of every type of block.
pub fn schemas() -> Vec<BlockSchema> {
    types::TYPES.iter().map(|block_type| block_type.schema()).collect()
}
