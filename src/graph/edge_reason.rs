//! Why one resource waits for another.

use crate::diagnostic::Span;
use crate::resource::dependencies::Strength;
use crate::resource::{Address, FieldPath};

/// An edge while the graph is built: the first resource waits for the second, each by its number.
pub(super) type RawEdge = (usize, usize, EdgeReason);

/// Why one resource waits for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EdgeReason {
    /// The configuration names the other: in `depends_on`, or in a key that names a block.
    Explicit {
        /// Where it stands.
        span: Option<Span>,
    },
    /// `lifecycle.replace_triggered_by` says so.
    Trigger,
    /// A field takes a value of the other's live object.
    Referenced {
        /// The field.
        path: FieldPath,
        /// Where the reference stands.
        span: Option<Span>,
    },
    /// The object names the other, or something that the other gives.
    Inferred {
        /// The field that names it.
        path: FieldPath,
        /// How much it is needed.
        strength: Strength,
        /// The resource in between: the Service whose pods are needed.
        through: Option<Address>,
    },
    /// The first end is a whole block, the other one of its objects.
    Member,
}

impl EdgeReason {
    /// How strongly an inferred edge is needed; `None` for what the configuration says, which never yields.
    pub(super) fn strength(&self) -> Option<Strength> {
        match self {
            Self::Inferred { strength, .. } => Some(*strength),
            Self::Explicit { .. } | Self::Trigger | Self::Referenced { .. } | Self::Member => None,
        }
    }
}
