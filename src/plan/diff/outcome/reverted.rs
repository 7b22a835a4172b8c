//! What others have changed since the last write, and the next one changes back.

use serde_json::Value;

use super::owned::find;
use crate::resource::{Applied, FieldPath, Held};

/// Gives each field that is sent as before the value that the server made of it then.
pub(super) fn revert(object: &mut Value, applied: &Applied, earlier: &Value, sent: &Value) {
    let recorded =
        applied.fields.iter().filter_map(|(path, held)| Some((path.parse::<FieldPath>().ok()?, held)));
    for (path, held) in recorded.filter(|(path, _)| find(earlier, path) == find(sent, path)) {
        match held {
            Held::Value(value) if path.get(object) != Some(value) => {
                path.set(object, value.clone());
            }
            Held::Nothing => {
                path.remove(object);
            }
            Held::Value(_) | Held::Parent | Held::Hidden => {}
        }
    }
}
