//! The forms in which a text may be quoted or encoded.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE};
use serde_json::Value;

use crate::resource::hex;

/// A shorter part of a longer text (a line, a text in a JSON document, the middle of a text in base64), in bytes, is
/// no secret by itself, and may be an ordinary word.
const SHORTEST_PART: usize = 8;

/// The characters that stay as they are in a part of an address, beside letters, digits, and `-_.~`: none, those of
/// JavaScript, and those of Go in a path and in a user's name.
const KEPT_IN_ADDRESSES: [&[u8]; 4] = [b"", b"!'()*", b"$&+=:@", b"$&+,;="];

/// How HTML writes the two kinds of quotation marks.
const HTML_QUOTES: [(&str, &str); 5] =
    [("\"", "'"), ("&#34;", "&#39;"), ("&quot;", "&#39;"), ("&quot;", "&#x27;"), ("&quot;", "&apos;")];

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const DECODERS: [GeneralPurpose; 2] =
    [GeneralPurpose::new(&alphabet::STANDARD, LENIENT), GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT)];

/// All forms of a secret text: of itself, of what it is the base64 of, of the texts in it if it is a JSON document,
/// and its longer lines.
pub(super) fn of(text: &str) -> BTreeSet<String> {
    let mut wholes = BTreeSet::from([text.to_owned()]);
    wholes.extend(decoded(text));
    let inner: Vec<String> = wholes.iter().flat_map(|whole| texts_of_document(whole)).collect();
    wholes.extend(inner.iter().filter_map(|text| decoded(text)).filter(|text| is_long(text)));
    wholes.extend(inner);
    let mut quotable = BTreeSet::new();
    for whole in &wholes {
        quotable.extend(whole.lines().filter(|line| is_long(line)).map(str::to_owned));
        quotable.extend(HTML_QUOTES.map(|quotes| in_html(whole, quotes)));
    }
    let mut forms: BTreeSet<String> = wholes.iter().flat_map(|whole| encoded(whole)).collect();
    quotable.extend(wholes);
    let once: BTreeSet<String> = quotable.iter().flat_map(|text| in_json(text)).collect();
    // A log line in JSON quotes a body that is JSON itself.
    forms.extend(once.iter().flat_map(|text| in_json(text)));
    forms.extend(once);
    forms.extend(quotable);
    forms
}

fn is_long(part: &str) -> bool {
    part.len() >= SHORTEST_PART
}

/// What the text is the base64 of, in either alphabet, with its padding or without.
fn decoded(text: &str) -> Option<String> {
    DECODERS
        .iter()
        .find_map(|base64| base64.decode(text).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok())
}

/// The longer texts of a JSON document, such as the logins for a registry.
fn texts_of_document(text: &str) -> Vec<String> {
    let mut texts = Vec::new();
    if text.trim_start().starts_with(['{', '['])
        && let Ok(document) = serde_json::from_str(text)
    {
        collect_texts(&document, &mut texts);
        texts.retain(|text| is_long(text));
    }
    texts
}

fn collect_texts(document: &Value, found: &mut Vec<String>) {
    match document {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, found)),
        Value::Object(map) => map.values().for_each(|below| collect_texts(below, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text in base64, in hexadecimal, and as a part of an address.
fn encoded(text: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for base64 in [&STANDARD, &URL_SAFE] {
        let whole = base64.encode(text);
        forms.push(whole.trim_end_matches('=').to_owned());
        forms.push(whole);
        forms.extend((0..3).flat_map(|before| within_base64(base64, text, before)));
    }
    let digits = hex(text.as_bytes());
    forms.push(digits.to_uppercase());
    forms.push(digits);
    for kept in KEPT_IN_ADDRESSES {
        let address = in_address(text, kept);
        forms.push(address.replace("%20", "+"));
        forms.push(with_small_digits(&address));
        forms.push(address);
    }
    forms
}

/// What of a longer text in base64 is this text, where so many bytes (modulo 3) stand before it: up to its end, and
/// with more behind it. `Authorization: Basic` has the name before the password.
fn within_base64(base64: &GeneralPurpose, text: &str, before: usize) -> Vec<String> {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(text.as_bytes());
    let whole = base64.encode(&bytes);
    // The characters at both ends depend on the neighbours too.
    let start = (before * 8).div_ceil(6);
    let end = bytes.len() * 8 / 6;
    let ends = [end, whole.trim_end_matches('=').len(), whole.len()];
    let forms = ends.iter().filter_map(|end| whole.get(start..*end)).filter(|form| is_long(form));
    forms.map(str::to_owned).collect()
}

fn in_address(text: &str, kept: &[u8]) -> String {
    let mut address = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || kept.contains(&byte) {
            address.push(char::from(byte));
        } else {
            address.push('%');
            address.push_str(&hex(&[byte]).to_uppercase());
        }
    }
    address
}

/// The same with `%2f` instead of `%2F`.
fn with_small_digits(address: &str) -> String {
    let mut parts = address.split('%');
    let mut small = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        small.push('%');
        small.push_str(&digits.to_lowercase());
        small.push_str(rest);
    }
    small
}

fn in_html(text: &str, (double, single): (&str, &str)) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // One after the other would change the `"` that stands for itself, but no mark has a quotation mark in it.
    text.replace('"', double).replace('\'', single)
}

/// The text as JSON quotes it; as Go does, which also escapes the characters of HTML; and in ASCII alone.
fn in_json(text: &str) -> [String; 3] {
    let plain = Value::from(text).to_string();
    let plain = plain.get(1..plain.len() - 1).unwrap_or_default().to_owned();
    let careful = plain.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    let ascii = in_ascii(&plain);
    [plain, careful, ascii]
}

fn in_ascii(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for unit in json.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => ascii.push(char::from(byte)),
            _ => {
                // Writing into a string cannot fail.
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn has(text: &str, expected: &[&str]) {
        let forms = of(text);
        for form in expected {
            assert!(forms.contains(*form), "{form} of {text}: {forms:?}");
        }
    }

    #[test]
    fn addresses_html_and_json_in_json_are_forms() {
        has("p@ss/w rd", &["p%40ss%2Fw%20rd", "p%40ss%2fw%20rd", "p%40ss%2Fw+rd", "p@ss%2Fw%20rd"]);
        has("a<b>&\"c'd", &["a&lt;b&gt;&amp;&#34;c&#39;d", "a&lt;b&gt;&amp;&quot;c&#x27;d"]);
        has("pass\"word", &[r#"pass\"word"#, r#"pass\\\"word"#]);
        has("a<b>cdef", &[r"a\u003cb\u003ecdef", r"a\\u003cb\\u003ecdef"]);
        has("größe", &[r"gr\u00f6\u00dfe", "gr%C3%B6%C3%9Fe"]);
    }

    #[test]
    fn hexadecimal_and_every_base64_are_forms() {
        has("hunter2", &["68756e74657232", "68756E74657232", "aHVudGVyMg", "aHVudGVyMg=="]);
        has("aa>>??~~", &["YWE+Pj8/fn4=", "YWE-Pj8_fn4=", "YWE-Pj8_fn4"]);
        has("YWE-Pj8_fn4", &["aa>>??~~"]);
    }

    #[test]
    fn a_text_within_base64_is_found_at_every_offset() {
        for before in ["", "a", "ab", "abc", "user:", "robot:"] {
            for after in ["", "\n", ":x", "xyz"] {
                let whole = STANDARD.encode(format!("{before}swordfish{after}"));
                assert!(of("swordfish").iter().any(|form| whole.contains(form)), "{before} {after}");
            }
        }
    }

    #[test]
    fn a_short_text_has_no_short_parts() {
        let forms = of("abcd");
        let short: Vec<&String> = forms.iter().filter(|form| form.len() < SHORTEST_PART).collect();
        assert_eq!(short, ["YWJjZA", "abcd"]);
    }
}
