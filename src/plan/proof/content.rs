//! What an object that has ended by itself ran with. As long as that is the same, it does not run again.

use serde_json::Value;

use crate::kubernetes::marks;
use crate::plan::proof::by_record::digest_without_secrets;
use crate::resource::{Desired, FieldPath};

/// SHA-256 of what is sent, without secret values and without our marks: another address or lineage is no reason to
/// run again.
///
/// A hook runs when anything has changed that its chart renders.
pub fn content_digest(desired: &Desired, sent: &Value) -> String {
    if let Some(hook) = &desired.hook {
        return hook.content.clone();
    }
    let mut content = sent.clone();
    let annotations = FieldPath::keys(["metadata", "annotations"]);
    let ours: Vec<FieldPath> = annotations
        .get(&content)
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|all| all.keys().map(|key| annotations.key(key)))
        .filter(marks::is_ours_path)
        .collect();
    for path in &ours {
        path.remove(&mut content);
    }
    if annotations.get(&content).and_then(Value::as_object).is_some_and(serde_json::Map::is_empty) {
        annotations.remove(&mut content);
    }
    digest_without_secrets(desired, &content)
}
