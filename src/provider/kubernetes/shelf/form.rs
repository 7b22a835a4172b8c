//! How a content stands in a `ConfigMap` or in a Secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::layout::Layout;
use super::names::{Kind, Place};
use crate::resource::from_json;

/// The annotation of a head that says where its content is. As an annotation it is read without the content.
const LAYOUT: &str = "regplan.dev/layout";
const CONTENT: &str = "content";

/// The label of all that a state needs. No annotation of ours says whose it is: these objects belong to no project's
/// configuration.
pub(super) const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "regplan");

/// Its labels.
pub(super) fn labels() -> Value {
    let (key, value) = MANAGED_BY;
    json!({ key: value })
}

/// An object that holds nothing yet.
pub(super) fn empty(place: &Place) -> Value {
    let mut object = Map::new();
    object.insert("apiVersion".to_owned(), place.kind.api_version().into());
    object.insert("kind".to_owned(), place.kind.name().into());
    let metadata = json!({ "name": place.name, "namespace": place.namespace, "labels": labels() });
    object.insert("metadata".to_owned(), metadata);
    Value::Object(object)
}

/// An object with a part of a content, or with the whole.
pub(super) fn with_content(place: &Place, packed: &[u8]) -> Value {
    let mut object = empty(place);
    object[field(place.kind)] = json!({ CONTENT: STANDARD.encode(packed) });
    object
}

/// Says in a head where its content is.
pub(super) fn lay_out(head: &mut Value, layout: &Layout) -> serde_json::Result<()> {
    head["metadata"]["annotations"] = json!({ LAYOUT: serde_json::to_string(layout)? });
    Ok(())
}

/// Where the content of a head is; `None` for a head that holds nothing.
pub(super) fn layout(head: &Value) -> Option<Result<Layout, String>> {
    let text = head["metadata"]["annotations"][LAYOUT].as_str()?;
    Some(from_json(text.as_bytes()).map_err(|error| format!("its layout cannot be read: {error}")))
}

/// The part of a content that an object has.
pub(super) fn content(place: &Place, object: &Value) -> Result<Vec<u8>, String> {
    let text = object[field(place.kind)][CONTENT].as_str().ok_or_else(|| "it has no content".to_owned())?;
    STANDARD.decode(text).map_err(|error| format!("its content is not base64: {error}"))
}

fn field(kind: Kind) -> &'static str {
    match kind {
        Kind::Secret => "data",
        Kind::ConfigMap | Kind::Lease => "binaryData",
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::layout::{Slot, pack};
    use super::*;

    /// The page that describes what is stored.
    const PAGE: &str = include_str!("../../../../docs/state-format.md");
    const TEXT: &[u8] = b"what is kept\n";

    fn stored() -> Value {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/formats/2/head.json");
        from_json(&std::fs::read(path).unwrap()).unwrap()
    }

    fn place() -> Place {
        Place { kind: Kind::ConfigMap, namespace: "regplan-state".to_owned(), name: "shop.state".to_owned() }
    }

    #[test]
    fn a_head_that_an_earlier_version_wrote_is_read_and_written_as_it_was() {
        let stored = stored();
        let found = layout(&stored).unwrap().unwrap();
        let packed = content(&place(), &stored).unwrap();
        assert_eq!(found.unpack(&packed).unwrap(), TEXT);
        let mut again = with_content(&place(), &packed);
        lay_out(&mut again, &found).unwrap();
        assert_eq!(again, stored, "a head is laid out in another way");
    }

    #[test]
    fn the_page_names_what_a_head_says() {
        let layout = serde_json::to_value(pack(TEXT).unwrap().layout(Slot::Inline)).unwrap();
        assert!(PAGE.contains(LAYOUT));
        for name in layout.as_object().unwrap().keys() {
            assert!(PAGE.contains(&format!("| `{name}` |")), "{name}");
        }
    }
}
