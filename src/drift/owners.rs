//! The field managers of an object, from `managedFields`.

use crate::resource::FieldManager;
use crate::resource::{ManagedEntry, Ownership};

/// The field managers that wrote to an object, other than through its status.
pub(super) fn all(ownership: &Ownership) -> Vec<FieldManager> {
    let entries = ownership.entries.iter();
    entries
        .filter(|entry| entry.subresource.as_deref() != Some("status"))
        .map(ManagedEntry::field_manager)
        .collect()
}
