//! What is known of an output.

use serde_json::Value;

use crate::resource::{Address, FieldPath, Problem};

/// An output, and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputValue {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// Whether it is shown only to those who ask for it by name.
    pub sensitive: bool,
    /// Whether the file alone gives something of the value: a key of a block, or what the block makes of its keys.
    pub of_file: bool,
    /// Its value.
    pub content: OutputContent,
}

/// The value of an output.
#[derive(Debug, Clone, PartialEq)]
pub enum OutputContent {
    /// It is known.
    Known(Value),
    /// It is sensitive, and nobody has asked for it by name.
    Withheld,
    /// It is not known, and nothing has failed.
    Missing(Missing),
    /// It could not be read.
    Unreadable(Problem),
}

/// Why the value of an output is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// The object that the value comes from was not applied.
    NotApplied(Address),
    /// The object was applied, and is gone.
    Gone(Address),
    /// The object is not the one that was applied: others have deleted it, and made another one.
    Remade(Address),
    /// The object has no such field yet.
    Field(Address, FieldPath),
    /// It needs something that is not known, and this is why.
    Unknown(String),
    /// The object says that the value is a secret, and the output is not marked as sensitive.
    Unmarked,
}
