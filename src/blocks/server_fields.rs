//! Fields that only the server writes.

use serde_json::Value;

use crate::resource::FieldPath;

/// The paths of these fields.
pub(super) const SERVER_FIELDS: &[&[&str]] = &[
    &["status"],
    &["metadata", "uid"],
    &["metadata", "resourceVersion"],
    &["metadata", "generation"],
    &["metadata", "creationTimestamp"],
    &["metadata", "deletionTimestamp"],
    &["metadata", "deletionGracePeriodSeconds"],
    &["metadata", "managedFields"],
    &["metadata", "selfLink"],
];

/// Removes these fields. The server would take a `uid` or a `resourceVersion` for a condition of the write, and
/// refuses `managedFields`.
pub(super) fn without_server_fields(object: &mut Value) {
    for keys in SERVER_FIELDS {
        FieldPath::keys(keys.iter().copied()).remove(object);
    }
}
