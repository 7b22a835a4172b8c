//! Secrets that are looked for in everything that a program has said or written, in every form that they can take.

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// A secret, and where it comes from.
#[derive(Debug, Clone)]
pub(crate) struct Canary {
    /// Its name in the message of a failure.
    name: &'static str,
    value: String,
}

/// A part of a secret that is shorter says nothing.
const SHORTEST: usize = 8;

impl Canary {
    /// A secret of this name.
    #[track_caller]
    pub(crate) fn new(name: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        assert!(value.len() >= SHORTEST, "{name} is too short to be looked for");
        Self { name, value }
    }

    /// Its value.
    pub(crate) fn value(&self) -> &str {
        &self.value
    }

    /// The first form in which it, or a line of it, stands in these bytes.
    pub(crate) fn found_in(&self, bytes: &[u8]) -> Option<String> {
        let lines = self.value.lines().filter(|line| line.len() >= SHORTEST);
        let mut parts: Vec<&str> = std::iter::once(self.value.as_str()).chain(lines).collect();
        parts.dedup();
        let mut forms = parts.into_iter().flat_map(forms);
        // The search of the standard library is optimised in every build, which counts for megabytes.
        let text = String::from_utf8_lossy(bytes);
        forms.find(|(_, form)| text.contains(form)).map(|(how, form)| format!("{} {how}: {form}", self.name))
    }
}

/// A text in all its forms, each with a name.
fn forms(text: &str) -> Vec<(&'static str, String)> {
    let json = |text: &str| serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
    let percent = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let hex = text.bytes().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
    let mut forms = vec![
        ("in clear", text.to_owned()),
        ("JSON-escaped", json(text)),
        ("JSON-escaped twice", json(&json(text))),
        ("as Rust shows it", format!("{text:?}").trim_matches('"').to_owned()),
        ("URL-escaped", percent.to_lowercase()),
        ("URL-escaped", percent),
        ("in hexadecimal digits", hex),
    ];
    for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        forms.extend((0..3).map(|offset| ("in base64", inside(&alphabet, text, offset))));
    }
    forms
}

/// What base64 makes of the text where so many bytes stand before it, and whatever stands around it.
fn inside(alphabet: &GeneralPurpose, text: &str, offset: usize) -> String {
    let encoded = alphabet.encode([&vec![0; offset], text.as_bytes()].concat());
    // The first characters depend on what is before the text, and the last one on what is behind.
    let begin = (offset * 8).div_ceil(6);
    let end = (offset + text.len()) * 8 / 6;
    encoded[begin..end].to_owned()
}
