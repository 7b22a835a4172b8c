//! Where an object has what nobody may see.
//!
//! A `Secret` hides everything but what every object has and two settings of its own. A key that is misspelt
//! (`stringdata`) may hold a password as well.

use serde_json::Value;

use super::marks::{hidden_in, is_note_of_kubectl};
use crate::resource::{Desired, FieldPath, Identity, Segment};

/// The fields of a Secret that everybody may see.
/// Source: <https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/>
const OPEN: [&str; 5] = ["apiVersion", "kind", "metadata", "type", "immutable"];

/// The metadata that everybody may see. What else stands there may be content in the wrong place.
/// Source: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/>
const OPEN_METADATA: [&str; 15] = [
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Whether it is a Secret, or is meant to be one: `secret` holds a password as well, and is refused only later.
pub fn is_secret(identity: &Identity) -> bool {
    let is_any = |name: &str, of: [&str; 2]| of.iter().any(|known| name.eq_ignore_ascii_case(known));
    is_any(&identity.group, ["", "core"]) && is_any(&identity.kind, ["Secret", "Secrets"])
}

/// Whether the field of a Secret is hidden, or lies below one that is: all but its open fields, and of the open
/// ones the note of `kubectl apply`, which holds the data as well, and what is below a plain value.
pub fn is_content(path: &FieldPath) -> bool {
    match path.segments() {
        [] => false,
        [first, second, _, _, ..]
            if key(first) == Some("metadata") && matches!(key(second), Some("labels" | "annotations")) =>
        {
            true
        }
        [first, second, ..] if key(first) == Some("metadata") => {
            key(second).is_none_or(|key| !OPEN_METADATA.contains(&key)) || is_note_of_kubectl(path)
        }
        [first] => key(first).is_none_or(|key| !OPEN.contains(&key)),
        _ => true,
    }
}

fn key(segment: &Segment) -> Option<&str> {
    match segment {
        Segment::Key(key) => Some(key),
        _ => None,
    }
}

/// The hidden fields that a Secret has, in the order of their names.
pub fn content_paths(secret: &Value) -> Vec<FieldPath> {
    let below = |keys: &[&str]| -> Vec<(FieldPath, bool)> {
        let path = FieldPath::keys(keys.iter().copied());
        let fields = path.get(secret).and_then(Value::as_object).into_iter().flatten();
        fields
            .map(|(key, value)| {
                let is_table = value.is_object() || value.is_array();
                (FieldPath::keys(keys.iter().copied().chain([key.as_str()])), is_table)
            })
            .collect()
    };
    let fields = below(&[]).into_iter().filter(|(path, is_table)| {
        let is_wrong = path.is_keys(&["immutable"]) && !secret["immutable"].is_boolean();
        is_content(path) || is_wrong || (*is_table && !path.is_keys(&["metadata"]))
    });
    let metadata = below(&["metadata"]).into_iter().filter(|(path, _)| is_content(path));
    let marks = ["labels", "annotations"].into_iter().flat_map(|marks| below(&["metadata", marks]));
    let marks = marks.filter(|(path, is_table)| *is_table || is_content(path));
    fields.chain(metadata).chain(marks).map(|(path, _)| path).collect()
}

/// Where secrets stand in the desired object, list items by their position: what the configuration marks, and all
/// that a Secret hides.
pub fn secret_paths(desired: &Desired) -> Vec<FieldPath> {
    let marked = desired.sensitive.iter().map(|(path, ())| path.clone());
    let content = if is_secret(&desired.identity) { content_paths(&desired.object) } else { Vec::new() };
    let mut paths: Vec<FieldPath> = marked.collect();
    paths.extend(content.into_iter().filter(|path| desired.sensitive.get(path).is_none()));
    paths
}

/// Whether the value of this field is a secret, or may have one in it: also in a live object, which has more fields than
/// the desired one.
pub fn may_show_secret(desired: &Desired, path: &FieldPath) -> bool {
    let of_a_secret = is_secret(&desired.identity)
        && (is_content(path)
            || [&[][..], &["metadata"], &["metadata", "annotations"]].iter().any(|keys| path.is_keys(keys)));
    of_a_secret || desired.sensitive.touches(path)
}

/// Whether a value is, or holds, what the object says by itself to be secret.
pub fn holds_secret_of(object: &Value, value: &Value) -> bool {
    secret_values(object).into_iter().any(|secret| holds(value, secret) || holds(secret, value))
}

/// Whether a value is another one, or has it in it.
fn holds(value: &Value, wanted: &Value) -> bool {
    value == wanted
        || match value {
            Value::Array(items) => items.iter().any(|item| holds(item, wanted)),
            Value::Object(map) => map.values().any(|item| holds(item, wanted)),
            _ => false,
        }
}

/// What an object says by itself to be secret: the content of a Secret, and the fields that our mark names. Of an
/// object that is about to be sent, or one that was read.
pub fn secret_values(object: &Value) -> Vec<&Value> {
    let is_secret = Identity::of(object).is_some_and(|identity| is_secret(&identity));
    let content = if is_secret { content_paths(object) } else { Vec::new() };
    let hidden = hidden_in(object);
    let values = content.iter().chain(&hidden).filter_map(|path| Some((path, path.get(object)?)));
    values.flat_map(|(path, value)| without_public(object, path, value)).collect()
}

/// The value without what everybody knows: beside a token, Kubernetes writes the name of the namespace and the certificate of its
/// authority into a Secret. A namespace that counts as a secret could be named in no message.
/// Source: <https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets>
fn without_public<'v>(secret: &Value, path: &FieldPath, value: &'v Value) -> Vec<&'v Value> {
    let is_of_token = secret["type"] == "kubernetes.io/service-account-token" && path.is_keys(&["data"]);
    match value.as_object().filter(|_| is_of_token) {
        Some(data) => {
            let secret = data.iter().filter(|(key, _)| !matches!(key.as_str(), "namespace" | "ca.crt"));
            secret.map(|(_, value)| value).collect()
        }
        None => vec![value],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kubernetes::marks::KUBECTL_NOTE;
    use crate::resource::Address;

    #[test]
    fn what_kubernetes_writes_beside_a_token_is_no_secret() {
        let data = json!({"namespace": "cHJvZA==", "ca.crt": "YSBjYQ==", "token": "YSB0b2tlbg=="});
        let secret = |of: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "type": of, "data": data});
        assert_eq!(secret_values(&secret("kubernetes.io/service-account-token")), [&json!("YSB0b2tlbg==")]);
        assert_eq!(secret_values(&secret("Opaque")), [&data]);
    }

    fn secret() -> Value {
        json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "immutable": true,
               "metadata": {"name": "s", "annotations": {"a": "b", KUBECTL_NOTE: "hunter3"}},
               "stringdata": {"key": "hunter1"}, "data": {"key": "aHVudGVyMg=="}, "password": "hunter2"})
    }

    #[test]
    fn a_secret_hides_all_but_its_open_fields_whatever_they_are_called() {
        for (path, hidden) in [
            ("data.key", true),
            ("stringdata.key", true),
            ("password", true),
            ("Metadata.name", true),
            ("metadata.annotations.a", false),
            ("metadata.annotations.a.b", true),
            ("metadata.labels.a.b.c", true),
            ("metadata.name", false),
            ("metadata.finalizers[0]", false),
            ("metadata.stringData", true),
            ("metadata.data.pw", true),
            ("type.a", true),
            ("type", false),
            ("immutable", false),
        ] {
            assert_eq!(is_content(&path.parse().unwrap()), hidden, "{path}");
        }
        assert!(!is_content(&FieldPath::root()));
        assert_eq!(
            secret_values(&secret()),
            [
                &json!({"key": "aHVudGVyMg=="}),
                &json!("hunter2"),
                &json!({"key": "hunter1"}),
                &json!("hunter3")
            ]
        );
    }

    #[test]
    fn what_is_marked_is_secret_in_every_kind() {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c",
            "annotations": {"regplan.dev/sensitive": "[\"data.key\"]"}}, "data": {"key": "hunter2", "open": "x"}});
        assert_eq!(secret_values(&object), [&json!("hunter2")]);
        let mut desired = Desired::new(Address::block("resource", "s"), secret()).unwrap();
        desired.sensitive.insert("metadata.labels.x".parse().unwrap(), ());
        desired.sensitive.insert("data".parse().unwrap(), ());
        let paths = secret_paths(&desired);
        assert_eq!(paths.len(), 5, "{paths:?}");
        assert!(paths.contains(&"metadata.labels.x".parse().unwrap()));
    }
}
