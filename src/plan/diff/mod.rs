//! What differs between two objects, and what of it a reader is shown.

pub(in crate::plan) mod compare;
pub(in crate::plan) mod field_changes;
pub(in crate::plan) mod immutable;
pub(in crate::plan) mod overlay;
pub(in crate::plan) mod schema;
pub(in crate::plan) mod sensitive_fields;
