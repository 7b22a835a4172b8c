//! The fields that only the server writes.

use serde_json::Value;

use crate::resource::FieldPath;

/// The fields, each by its keys from the root of the object.
/// Source: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/>, where they
/// are marked as read-only or as populated by the system.
pub const SERVER_FIELDS: &[&[&str]] = &[
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

/// Whether this is one of these fields.
pub fn is_server_field(path: &FieldPath) -> bool {
    SERVER_FIELDS.iter().any(|keys| path.is_keys(keys))
}

/// Removes these fields from an object that will be written. The server would read a `uid` or a
/// `resourceVersion` as a precondition of the write, and refuses `managedFields`.
pub fn remove_server_fields(object: &mut Value) {
    for keys in SERVER_FIELDS {
        FieldPath::keys(keys.iter().copied()).remove(object);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_server_writes_goes_and_the_rest_stays() {
        let mut object =
            json!({"metadata": {"name": "a", "uid": "u", "managedFields": []}, "spec": {}, "status": {}});
        remove_server_fields(&mut object);
        assert_eq!(object, json!({"metadata": {"name": "a"}, "spec": {}}));
    }
}
