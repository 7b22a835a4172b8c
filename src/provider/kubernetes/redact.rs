//! What of a server's words may be shown.
//!
//! A refusal quotes the value that it refuses. Of a Secret nobody may see that, and of a large object
//! (the whole pod template of an immutable Job) nobody wants to.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::kubernetes::secret_data;

/// A quoted value longer than this tells nobody anything.
const LONGEST: usize = 80;

const INTRODUCTIONS: &[&str] =
    &["Invalid value: ", "Duplicate value: ", "Unsupported value: ", "Required value: "];

/// The server's words with quoted values cut: all of them in the words about a Secret, long ones in others.
pub(super) fn words(text: &str, secret: Option<&Value>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, introduction)) = next_introduction(rest) {
        let start = at + introduction.len();
        let value = value_length(&rest[start..]);
        out.push_str(&rest[..start]);
        let value_text = &rest[start..start + value];
        // `Required value: must be set` has words where the others have a value.
        if *introduction == "Required value: " {
            out.push_str(value_text);
        } else if secret.is_some() {
            out.push_str("(sensitive)");
        } else if value > LONGEST {
            out.push('…');
        } else {
            out.push_str(value_text);
        }
        rest = &rest[start + value..];
    }
    out.push_str(rest);
    match secret {
        Some(secret) => without_values(out, secret),
        None => out,
    }
}

fn next_introduction(text: &str) -> Option<(usize, &&'static str)> {
    INTRODUCTIONS
        .iter()
        .filter_map(|introduction| Some((text.find(introduction)?, introduction)))
        .min_by_key(|(at, _)| *at)
}

/// How many bytes the value takes: a quoted string, a Go struct with balanced braces, or up to the colon.
fn value_length(text: &str) -> usize {
    if let Some(rest) = text.strip_prefix('"') {
        let mut escaped = false;
        for (at, c) in rest.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return at + 2,
                _ => {}
            }
        }
        return text.len();
    }
    let mut depth = 0usize;
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth = depth.saturating_sub(1),
            ':' if depth == 0 && text[at..].starts_with(": ") => return at,
            _ => {}
        }
    }
    text.len()
}

/// Takes out every value of the Secret, encoded and decoded, wherever the text repeats one.
fn without_values(mut text: String, secret: &Value) -> String {
    let mut values: Vec<String> = Vec::new();
    for key in secret_data::MAPS {
        let fields = secret.get(key).and_then(Value::as_object).into_iter().flatten();
        for value in fields.filter_map(|(_, value)| value.as_str()) {
            values.push(value.to_owned());
            values.extend(STANDARD.decode(value).ok().and_then(|bytes| String::from_utf8(bytes).ok()));
        }
    }
    // Longest first, so that a value within another leaves nothing of it.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    for value in values.iter().filter(|value| value.len() >= 3) {
        text = text.replace(value.as_str(), "(sensitive)");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn short_values_stay_and_long_ones_are_cut() {
        let short = "spec.replicas: Invalid value: -1: must be greater than or equal to 0";
        assert_eq!(words(short, None), short);
        let long = format!(
            "spec.template: Invalid value: core.PodTemplateSpec{{Env: \"a: }}\", X: \"{}\"}}: field is immutable",
            "x".repeat(200)
        );
        assert_eq!(words(&long, None), "spec.template: Invalid value: …: field is immutable");
        let required =
            "spec.x: Required value: it must be set, really: this is a long text about what is needed";
        assert_eq!(words(required, None), required);
    }

    #[test]
    fn nothing_of_a_secret_is_repeated() {
        let secret =
            json!({"kind": "Secret", "data": {"a": "aHVudGVyMg=="}, "stringData": {"b": "swordfish"}});
        let text = "data[a]: Invalid value: \"hunt\\\"er\": no; got swordfish and hunter2 and aHVudGVyMg==";
        let shown = words(text, Some(&secret));
        assert_eq!(
            shown,
            "data[a]: Invalid value: (sensitive): no; got (sensitive) and (sensitive) and (sensitive)"
        );
    }
}
