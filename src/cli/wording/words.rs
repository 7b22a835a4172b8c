//! The two parts of every message: what happened, and what to do next.

use crate::engine::UncheckedField;

/// What happened, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Words {
    pub(in crate::cli) message: String,
    pub(in crate::cli) help: Option<String>,
}

impl Words {
    pub(in crate::cli) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: Some(help.into()) }
    }
}

/// Fields that could not be checked, one below the other.
pub(super) fn unchecked(fields: &[UncheckedField]) -> String {
    let line = |field: &UncheckedField| format!("{} {}: {}", field.address, field.path, field.reason);
    fields.iter().map(line).collect::<Vec<_>>().join("\n  ")
}
