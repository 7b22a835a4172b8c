//! What is known of kinds without asking a server.

use serde_json::Value;

use crate::resource::{GroupKind, Identity, api_version_parts};

/// The kind that an object defines; `None` where it is no `CustomResourceDefinition`.
pub fn defines(object: &Value) -> Option<GroupKind> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let (group, _) = api_version_parts(text("/apiVersion")?);
    if (group, text("/kind")?) != ("apiextensions.k8s.io", "CustomResourceDefinition") {
        return None;
    }
    Some(GroupKind { group: text("/spec/group")?.to_owned(), kind: text("/spec/names/kind")?.to_owned() })
}

/// Whether deleting an object of this kind deletes more than the object: data, or other objects.
pub fn holds_more_than_itself(identity: &Identity) -> bool {
    [
        ("", "PersistentVolumeClaim"),
        ("apps", "StatefulSet"),
        ("", "Namespace"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ]
    .iter()
    .any(|(group, kind)| identity.is(group, kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_definition_defines_a_kind() {
        let object = |api_version: &str| {
            json!({"apiVersion": api_version, "kind": "CustomResourceDefinition",
                   "spec": {"group": "example.com", "names": {"kind": "Mirror"}}})
        };
        let mirror = GroupKind { group: "example.com".into(), kind: "Mirror".into() };
        assert_eq!(defines(&object("apiextensions.k8s.io/v1")), Some(mirror));
        assert_eq!(defines(&object("example.com/v1")), None);
        assert_eq!(defines(&json!({"apiVersion": "v1", "kind": "ConfigMap"})), None);
    }
}
