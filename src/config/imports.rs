//! `[[import]]`: which existing object an address takes over.

use crate::diagnostic::Span;
use crate::resource::{Address, ObjectName};

/// An object that exists already and is taken over, by the table `[[import]]` or on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The address that takes it over.
    pub to: Address,
    /// The object.
    pub from: ObjectName,
    /// The place of the address; `None` on the command line.
    pub to_span: Option<Span>,
    /// The place of the object's name.
    pub from_span: Option<Span>,
}
