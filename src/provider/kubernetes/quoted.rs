//! Which of the values that a server quotes are shown.
//!
//! A refusal quotes the value that it refuses. Of a Secret nobody may see that, in whatever form it is quoted. Of a
//! large object (the whole pod template of an immutable Job) nobody wants to. Secrets that a server repeats elsewhere
//! are taken out by the [`Redactor`](crate::resource::Redactor) of the run.

use crate::kubernetes::secret_data::is_secret;
use crate::resource::Identity;

/// A quoted value longer than this tells nobody anything.
const LONGEST: usize = 80;

const INTRODUCTIONS: &[&str] =
    &["Invalid value: ", "Duplicate value: ", "Unsupported value: ", "Required value: "];

/// The server's words about an object with quoted values cut: all of them where it is a Secret, long ones otherwise.
pub(super) fn words(text: &str, identity: &Identity) -> String {
    let is_secret = is_secret(identity);
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
        } else if is_secret {
            out.push_str("(sensitive)");
        } else if value > LONGEST {
            out.push('…');
        } else {
            out.push_str(value_text);
        }
        rest = &rest[start + value..];
    }
    out.push_str(rest);
    out
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of_a(kind: &str, text: &str) -> String {
        words(text, &Identity::namespaced("", kind, "a", "x"))
    }

    #[test]
    fn short_values_stay_and_long_ones_are_cut() {
        let short = "spec.replicas: Invalid value: -1: must be greater than or equal to 0";
        assert_eq!(of_a("Pod", short), short);
        let long = format!(
            "spec.template: Invalid value: core.PodTemplateSpec{{Env: \"a: }}\", X: \"{}\"}}: field is immutable",
            "x".repeat(200)
        );
        assert_eq!(of_a("Pod", &long), "spec.template: Invalid value: …: field is immutable");
        let required =
            "spec.x: Required value: it must be set, really: this is a long text about what is needed";
        assert_eq!(of_a("Pod", required), required);
    }

    #[test]
    fn nothing_of_a_secret_is_quoted() {
        let text = "data[a]: Invalid value: \"hunt\\\"er\": no; data[b]: Invalid value: 12: no";
        let shown = of_a("Secret", text);
        assert_eq!(shown, "data[a]: Invalid value: (sensitive): no; data[b]: Invalid value: (sensitive): no");
    }
}
