//! An object on its way from a block to a [`Desired`](crate::resource::Desired): what the block knows of
//! it, before the rules that all objects share have been applied.

use serde_json::Value;

use super::facts::Text;
use crate::config::{Block, Node};
use crate::diagnostic::Span;
use crate::resource::{FieldPath, Origin, PathMap, Unchecked};

/// What stands where a text may not be shown or is not known.
pub(super) const PLACEHOLDER: &str = "(sensitive)";

/// How an object is addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Naming {
    /// The block is this one object: `resource.greeting`.
    Block,
    /// One of a larger block: `registry.main/Deployment/registry`. The namespace of the block is not
    /// repeated in the address.
    Object {
        /// The block's own namespace.
        home: String,
    },
}

/// An object as a block makes it.
///
/// Its namespace may be missing: whether its kind has one is decided when the kinds of all blocks are
/// known.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The object. References still stand in it as marks.
    pub object: Value,
    /// How it is addressed.
    pub naming: Naming,
    /// The namespace that it takes if it names none and its kind has one.
    pub namespace: String,
    /// Where its fields come from.
    pub origins: PathMap<Origin>,
    /// Fields whose value is that of the key that they come from.
    pub settable: PathMap<()>,
    /// Fields that nobody may see.
    pub sensitive: PathMap<()>,
    /// Fields that could not be checked.
    pub unchecked: PathMap<Unchecked>,
    /// Fields whose values were made in this very run.
    pub fresh: PathMap<()>,
}

impl Draft {
    /// An object that comes from a block as a whole.
    pub fn new(block: &Block, object: Value, naming: Naming, namespace: &str) -> Self {
        let mut origins = PathMap::default();
        origins.insert(FieldPath::root(), Origin { key: block.address.to_string(), span: Some(block.span) });
        Self {
            object,
            naming,
            namespace: namespace.to_owned(),
            origins,
            settable: PathMap::default(),
            sensitive: PathMap::default(),
            unchecked: PathMap::default(),
            fresh: PathMap::default(),
        }
    }

    /// Says which key of the block a field comes from. A key that is not written is a default, and has
    /// no place.
    #[must_use]
    pub fn from<'k>(
        mut self,
        block: &Block,
        path: FieldPath,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> Self {
        self.origins.insert(path, origin_of(block, keys));
        self
    }

    /// Says which key of the block gives a field as it is, and no other field.
    #[must_use]
    pub fn set_by<'k>(
        mut self,
        block: &Block,
        path: FieldPath,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> Self {
        self.settable.insert(path.clone(), ());
        self.from(block, path, keys)
    }

    /// Puts a text in that nobody may see.
    #[must_use]
    pub fn secret(mut self, path: FieldPath, text: &Text) -> Self {
        self.put_text(path.clone(), text);
        self.sensitive.insert(path, ());
        self
    }

    /// Puts a text in, or a placeholder and why it could not be checked.
    pub(super) fn put_text(&mut self, path: FieldPath, text: &Text) {
        let reason = match text {
            Text::Known(value) | Text::New(value) => {
                path.set(&mut self.object, Value::from(value.as_str()));
                if text.is_new() {
                    self.fresh.insert(path, ());
                }
                return;
            }
            Text::Placeholder => "secrets are not read here".to_owned(),
            Text::Unknown(reason) | Text::Lost(reason) => reason.clone(),
        };
        path.set(&mut self.object, Value::from(PLACEHOLDER));
        self.unchecked.insert(path, Unchecked { reason });
    }

    /// The place of a field, or of the nearest thing above it that has one.
    pub fn span(&self, path: &FieldPath) -> Option<Span> {
        self.origins.nearest(path)?.span
    }
}

/// Where a key of a block stands.
pub(super) fn origin_of<'k>(block: &Block, keys: impl IntoIterator<Item = &'k str>) -> Origin {
    let keys: Vec<&str> = keys.into_iter().collect();
    let path = FieldPath::keys(keys.iter().copied());
    Origin { key: key_text(block, &path), span: block.body.at(keys).map(|node| node.span) }
}

/// A key of a block as a user writes it: `resource.greeting.data.x`.
pub(super) fn key_text(block: &Block, path: &FieldPath) -> String {
    let path = path.to_string();
    let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
    format!("{}{dot}{path}", block.address)
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
