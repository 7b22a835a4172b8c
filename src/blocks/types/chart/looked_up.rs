//! What templates find that look up objects of the cluster. One that makes a password at random may look for it the next
//! time, and then nothing tells that it is one.

use serde_json::Value;

use super::chart_object::ChartObject;
use super::live_values::target;
use crate::blocks::facts::{ChartPast, Facts};
use crate::resource::{FieldPath, WITHHELD};

/// Marks what was a secret in what was sent last: it still is one.
pub(super) fn mark_secrets(objects: &mut [ChartObject], past: &ChartPast, namespace: &str, facts: &Facts) {
    for object in objects.iter_mut().filter(|object| object.hook.is_none()) {
        let target = target(&object.object, namespace, facts);
        let Some(sent) = target.and_then(|target| past.sent.get(&target.identity)) else { continue };
        let mut found = Vec::new();
        withheld(&FieldPath::root(), &object.object, &sent.object, &mut found);
        let is_known = |path: &FieldPath| {
            object.secret.contains(path) || object.unstable.iter().any(|unstable| unstable.path == *path)
        };
        found.retain(|path| !is_known(path));
        object.secret.append(&mut found);
    }
}

/// Where the record has no value because it was a secret, and the rendering has one.
fn withheld(at: &FieldPath, rendered: &Value, sent: &Value, found: &mut Vec<FieldPath>) {
    match (rendered, sent) {
        (Value::Object(rendered), Value::Object(sent)) => {
            for (key, rendered) in rendered {
                if let Some(sent) = sent.get(key) {
                    withheld(&at.key(key.as_str()), rendered, sent, found);
                }
            }
        }
        (Value::Array(rendered), Value::Array(sent)) => {
            for (index, (rendered, sent)) in rendered.iter().zip(sent).enumerate() {
                withheld(&at.index(index), rendered, sent, found);
            }
        }
        (Value::String(_), Value::String(sent)) if sent == WITHHELD => found.push(at.clone()),
        _ => {}
    }
}
