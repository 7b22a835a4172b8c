//! Texts in the form in which the server stores them. What it takes in another form and changes would differ at
//! every plan.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::places::Places;
use crate::blocks::codes;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::encoded_bytes::decode;
use crate::resource::{Desired, FieldPath, is_builtin_group};

/// Maps of texts that every object has.
const OF_ALL: &[&[&str]] = &[&["metadata", "labels"], &["metadata", "annotations"]];
/// The same in the objects that Kubernetes' own kinds make.
const OF_TEMPLATES: &[&[&str]] = &[
    &["spec", "template", "metadata", "labels"],
    &["spec", "template", "metadata", "annotations"],
    &["spec", "jobTemplate", "metadata", "labels"],
    &["spec", "jobTemplate", "metadata", "annotations"],
    &["spec", "jobTemplate", "spec", "template", "metadata", "labels"],
    &["spec", "jobTemplate", "spec", "template", "metadata", "annotations"],
];
/// Maps of texts of a Secret or a `ConfigMap`.
const OF_DATA: &[&[&str]] = &[&["data"], &["binaryData"], &["stringData"]];

/// Gives keys without a value the empty text that the server makes of them, and says so.
pub(super) fn fill_empty_keys(desired: &mut Desired, places: &Places<'_>, mistakes: &mut Vec<Diagnostic>) {
    let identity = &desired.identity;
    let has_data = identity.is("", "Secret") || identity.is("", "ConfigMap");
    let templates = if is_builtin_group(&identity.group) { OF_TEMPLATES } else { &[] };
    let data = if has_data { OF_DATA } else { &[] };
    for keys in OF_ALL.iter().chain(templates).chain(data) {
        let map = FieldPath::keys(keys.iter().copied());
        let Some(Value::Object(entries)) = map.get(&desired.object) else { continue };
        let empty = entries.iter().filter(|(_, value)| value.is_null());
        let empty: Vec<FieldPath> = empty.map(|(key, _)| map.key(key.as_str())).collect();
        for path in empty {
            let message =
                format!("`{path}` of {} is empty (null): it is sent as an empty string", desired.address);
            let mistake = Diagnostic::warning(codes::EMPTY_KEY, message)
                .help("write `\"\"` if that is meant, or remove the key");
            mistakes.push(places.of(&desired.origins, &path).mark(mistake, ""));
            path.set(&mut desired.object, Value::from(""));
        }
    }
}

/// Brings the base64 of a Secret or a `ConfigMap` into its one form: without line breaks, and without bits that
/// stand for nothing.
pub(super) fn encode_anew(desired: &mut Desired) {
    let table = if desired.identity.is("", "Secret") {
        "data"
    } else if desired.identity.is("", "ConfigMap") {
        "binaryData"
    } else {
        return;
    };
    let Some(Value::Object(entries)) = desired.object.get_mut(table) else { return };
    for (key, value) in entries {
        let path = FieldPath::keys([table, key]);
        let is_known = desired.unresolved.get(&path).is_none() && desired.unchecked.get(&path).is_none();
        if let Value::String(text) = value
            && is_known
            && let Some(bytes) = decode(text)
        {
            *text = STANDARD.encode(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::blocks::facts::Facts;
    use crate::resource::Address;

    fn filled(object: Value) -> (Value, Vec<String>) {
        let mut desired = Desired::new(Address::block("manifest", "m"), object).unwrap();
        let mut mistakes = Vec::new();
        fill_empty_keys(&mut desired, &Places::new(&Facts::default()), &mut mistakes);
        encode_anew(&mut desired);
        (desired.object, mistakes.into_iter().map(|mistake| mistake.message).collect())
    }

    #[test]
    fn an_empty_key_is_an_empty_text() {
        let (object, warnings) = filled(json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "x", "labels": {"a": null, "b": "c"}, "annotations": null},
            "data": {"k": null, "l": "eA=="}}));
        assert_eq!(object["metadata"]["labels"], json!({"a": "", "b": "c"}));
        assert_eq!(object["data"], json!({"k": "", "l": "eA=="}));
        assert_eq!(
            warnings,
            [
                "`metadata.labels.a` of manifest.m is empty (null): it is sent as an empty string",
                "`data.k` of manifest.m is empty (null): it is sent as an empty string",
            ]
        );
        let custom = json!({"apiVersion": "example.com/v1", "kind": "Foo", "metadata": {"name": "x"},
            "data": {"k": null}, "spec": {"template": {"metadata": {"labels": {"a": null}}}}});
        assert_eq!(filled(custom.clone()), (custom, Vec::new()));
    }

    #[test]
    fn base64_has_one_form() {
        let secret = |text: &str| {
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"},
            "data": {"k": text}})
        };
        for text in ["eA==", "eB==", "eA\n=="] {
            assert_eq!(filled(secret(text)).0["data"]["k"], "eA==", "{text}");
        }
        for refused in ["eA", "e A==", "ä"] {
            assert_eq!(filled(secret(refused)).0["data"]["k"], refused);
        }
    }
}
