//! The values of a Secret: none stands in a file, so each gets a source, which the user fills in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::names::{Names, as_variable};

/// A value that the user must give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// `[secret.NAME]`.
    pub(super) name: String,
    /// The environment variable.
    pub(super) variable: String,
    /// The key of the Secret.
    pub(super) key: String,
    /// Whether the variable holds the value in base64, since the value is no text.
    pub(super) is_base64: bool,
}

/// Puts references in place of the values of a Secret.
pub(super) fn hide(block: &str, secret: &mut Value, names: &mut Names) -> Vec<Source> {
    let Some(object) = secret.as_object_mut() else { return Vec::new() };
    let Some(Value::Object(data)) = object.remove("data") else { return Vec::new() };
    let (mut texts, mut binaries, mut sources) = (Map::new(), Map::new(), Vec::new());
    for (key, value) in data {
        let text = value.as_str().and_then(|value| STANDARD.decode(value).ok());
        let text = text.and_then(|bytes| String::from_utf8(bytes).ok()).filter(|text| !text.contains('\0'));
        if text.as_deref() == Some("") {
            texts.insert(key, Value::from(""));
            continue;
        }
        let name = names.take(&format!("{block}-{key}"), "secret");
        let reference = Value::from(format!("${{secret.{name}}}"));
        let is_base64 = text.is_none();
        if is_base64 { &mut binaries } else { &mut texts }.insert(key.clone(), reference);
        sources.push(Source { variable: as_variable(&name), name, key, is_base64 });
    }
    for (field, map) in [("data", binaries), ("stringData", texts)] {
        if !map.is_empty() {
            object.insert(field.to_owned(), Value::Object(map));
        }
    }
    sources
}
