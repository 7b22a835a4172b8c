//! The fields that the server writes, and nobody else.

use serde_json::Value;

use crate::resource::FieldPath;

/// By their keys from the root of the object.
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

/// Whether the server keeps this very field for itself.
pub fn is_server_field(path: &FieldPath) -> bool {
    SERVER_FIELDS.iter().any(|keys| path.is_keys(keys))
}

/// Takes them out of an object that is to be written. A `uid` or a `resourceVersion` would be taken for a
/// condition of ours, and `managedFields` are refused.
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
