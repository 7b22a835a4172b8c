//! The text that says whose a record set is: what annotations say in a cluster.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::kubernetes::marks::{ADDRESS, LINEAGE, PROJECT, PROTECT};

/// How each text begins.
const BEGIN: &str = "heritage=regplan";
/// The key of the uid.
const UID: &str = "uid";
/// The annotations that a record set keeps, each with its key in the text.
const KEPT: [(&str, &str); 4] =
    [("project", PROJECT), ("lineage", LINEAGE), ("address", ADDRESS), ("protect", PROTECT)];
/// What would end a part of the text.
const ESCAPED: &AsciiSet = &CONTROLS.add(b',').add(b'%').add(b'"').add(b'\\').add(b';');

/// Whose a record set is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker {
    /// Made at random when the set is made, so that one that is made again is another one.
    pub(super) uid: String,
    /// Our annotations.
    pub(super) annotations: BTreeMap<&'static str, String>,
}

impl Marker {
    /// The marker of an object with these annotations.
    pub(super) fn new(uid: String, object: &Value) -> Self {
        let annotations = object.pointer("/metadata/annotations");
        let kept = KEPT.into_iter().filter_map(|(_, annotation)| {
            let value = annotations?.get(annotation)?.as_str()?;
            Some((annotation, value.to_owned()))
        });
        Self { uid, annotations: kept.collect() }
    }

    /// A uid that no other set has.
    pub(super) fn random_uid() -> String {
        format!("{:032x}", rand::random::<u128>())
    }

    /// Reads a text; `None` for one that is not ours.
    pub(super) fn read(text: &str) -> Option<Self> {
        let parts = text.strip_prefix(BEGIN)?.strip_prefix(',')?;
        let mut uid = None;
        let mut annotations = BTreeMap::new();
        for (key, value) in parts.split(',').filter_map(|part| part.split_once('=')) {
            let value = percent_decode_str(value).decode_utf8().ok()?.into_owned();
            if key == UID {
                uid = Some(value);
            } else if let Some((_, annotation)) = KEPT.into_iter().find(|(short, _)| *short == key) {
                annotations.insert(annotation, value);
            }
        }
        Some(Self { uid: uid?, annotations })
    }

    /// The text.
    pub(super) fn text(&self) -> String {
        let part = |key: &str, value: &str| format!(",{key}={}", utf8_percent_encode(value, ESCAPED));
        let kept = KEPT
            .into_iter()
            .filter_map(|(short, annotation)| Some(part(short, self.annotations.get(annotation)?)));
        BEGIN.to_owned() + &part(UID, &self.uid) + &kept.collect::<String>()
    }

    /// As annotations of an object.
    pub(super) fn to_annotations(&self) -> Map<String, Value> {
        self.annotations.iter().map(|(key, value)| ((*key).to_owned(), Value::from(value.as_str()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_marker_is_read_as_it_was_written() {
        let object = json!({"metadata": {"annotations": {
            PROJECT: "a,b=\"c\"%", LINEAGE: "l", ADDRESS: "dns.main", "other": "x",
        }}});
        let marker = Marker::new("u".into(), &object);
        assert_eq!(Marker::read(&marker.text()), Some(marker.clone()));
        assert_eq!(marker.annotations.len(), 3);
        assert!(marker.text().starts_with("heritage=regplan,uid=u,project="));
    }

    #[test]
    fn the_texts_of_others_are_no_markers() {
        for text in [
            "",
            "heritage=external-dns,external-dns/owner=x",
            "heritage=regplan",
            "heritage=regplan,project=p",
        ] {
            assert_eq!(Marker::read(text), None, "{text}");
        }
    }
}
