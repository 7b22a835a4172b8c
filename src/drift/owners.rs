//! The field managers of an object or of a field, from `managedFields`.

use crate::resource::FieldManager;
use crate::resource::{FieldPath, FieldSet, ManagedEntry, Ownership, Segment};

/// The field managers that wrote to an object, other than through its status.
pub(super) fn all(ownership: &Ownership) -> Vec<FieldManager> {
    let entries = ownership.entries.iter();
    entries
        .filter(|entry| entry.subresource.as_deref() != Some("status"))
        .map(ManagedEntry::field_manager)
        .collect()
}

/// The field managers that own the field, a field below it, or an atomic map or list that contains it.
pub(super) fn of(ownership: &Ownership, path: &FieldPath) -> Vec<FieldManager> {
    ownership
        .entries
        .iter()
        .filter(|entry| covers(&entry.fields, path.segments()))
        .map(ManagedEntry::field_manager)
        .collect()
}

fn covers(set: &FieldSet, path: &[Segment]) -> bool {
    let Some((step, rest)) = path.split_first() else { return set.owned || !set.children.is_empty() };
    match set.children.get(step) {
        Some(below) => covers(below, rest),
        None => set.owned && set.children.is_empty(),
    }
}
