//! The content of a Secret: plain texts are encoded, and all of it is sensitive.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::places::Places;
use crate::blocks::codes;
use crate::blocks::value_words::describe;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::secret_data::content_paths;
use crate::resource::{Desired, Encoding, Expression, FieldPath};

/// `stringData` becomes `data`. Under server-side apply we would own `stringData`, which the server never
/// shows again, so that a key that is removed would stay. All content is sensitive.
pub(super) fn encode_secret_data(desired: &mut Desired, places: &Places<'_>, mistakes: &mut Vec<Diagnostic>) {
    let table = FieldPath::keys(["stringData"]);
    let plain = match desired.object.as_object_mut().and_then(|object| object.remove("stringData")) {
        Some(Value::Object(plain)) => plain,
        None | Some(Value::Null) => Map::new(),
        // A table that could not be looked at, such as one whose keys a chart makes at random.
        Some(placeholder) if desired.unchecked.get(&table).is_some() => {
            FieldPath::keys(["data"]).set(&mut desired.object, placeholder);
            Map::new()
        }
        Some(other) => {
            let message = format!("`stringData` must be a table, and is {}", describe(&other));
            let mistake = Diagnostic::error(codes::INVALID_DATA, message);
            mistakes.push(places.of(&desired.origins, &table).mark(mistake, ""));
            Map::new()
        }
    };
    desired.origins.remove(&table);
    move_marks(desired, &table, &FieldPath::keys(["data"]));
    if let Some(why) = desired.unchecked.remove(&table) {
        desired.unchecked.insert(FieldPath::keys(["data"]), why);
    }
    for (key, value) in plain {
        let (from, to) = (table.key(key.as_str()), FieldPath::keys(["data", &key]));
        let place = places.of(&desired.origins, &from);
        // What is in a file has no origin of its own, and is found there no more under its new key.
        let origin = places.origin_in_file(&desired.origins, &from);
        let origin = origin.or_else(|| desired.origins.remove(&from));
        desired.sensitive.remove(&from);
        if let Some(origin) = origin {
            desired.origins.insert(to.clone(), origin);
        }
        let Value::String(text) = value else {
            let message = format!("`stringData` has {} under `{key}`: it takes texts", describe(&value));
            let mistake = Diagnostic::error(codes::INVALID_DATA, message).help("put it in quotes");
            mistakes.push(place.mark(mistake, ""));
            continue;
        };
        move_marks(desired, &from, &to);
        let unchecked = desired.unchecked.remove(&from);
        let unresolved = desired.unresolved.remove(&from);
        let whole = unchecked.is_none() && unresolved.is_none();
        let text = if whole { STANDARD.encode(text) } else { text };
        if let Some(why) = unchecked {
            desired.unchecked.insert(to.clone(), why);
        }
        if let Some(expression) = unresolved {
            desired.unresolved.insert(to.clone(), Expression { encoding: Encoding::Base64, ..expression });
        }
        if !to.set(&mut desired.object, Value::String(text)) {
            let mistake = Diagnostic::error(codes::INVALID_DATA, "`data` must be a table");
            mistakes.push(place.mark(mistake, ""));
        }
    }
    // A key that is misspelt (`stringdata`) may hold a secret as well.
    for path in content_paths(&desired.object) {
        desired.sensitive.insert(path, ());
    }
}

/// What is known of a field is known of the one that takes its place.
fn move_marks(desired: &mut Desired, from: &FieldPath, to: &FieldPath) {
    for marks in [&mut desired.fresh, &mut desired.generated, &mut desired.random, &mut desired.htpasswd] {
        if marks.remove(from).is_some() {
            marks.insert(to.clone(), ());
        }
    }
}
