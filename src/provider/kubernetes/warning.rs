//! `Warning:` headers: what the server has to say besides its answer.

use http::HeaderMap;
use http::header::WARNING;

/// The texts of all warnings, in the server's order, without repetition.
pub(super) fn texts(headers: &HeaderMap) -> Vec<String> {
    let mut all = Vec::new();
    for value in headers.get_all(WARNING) {
        for text in parse(&String::from_utf8_lossy(value.as_bytes())) {
            if !all.contains(&text) {
                all.push(text);
            }
        }
    }
    all
}

/// One header: `299 - "text"`, several of them separated by commas, each with an optional quoted date.
fn parse(header: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = header;
    while let Some(start) = rest.find('"') {
        let Some((text, after)) = quoted(&rest[start + 1..]) else { break };
        texts.push(text);
        // A date follows its text without a comma between them.
        rest = match after.trim_start().strip_prefix('"').and_then(quoted) {
            Some((_, after)) => after,
            None => after,
        };
    }
    texts
}

/// Reads up to the closing quote, taking backslashes off.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, &text[at + 1..])),
            '\\' => out.push(chars.next()?.1),
            _ => out.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_read_with_escapes_and_dates() {
        assert_eq!(parse(r#"299 - "v1 Endpoints is deprecated""#), ["v1 Endpoints is deprecated"]);
        assert_eq!(
            parse(r#"299 - "unknown field \"spec.x\"", 299 - "b""#),
            ["unknown field \"spec.x\"", "b"]
        );
        assert_eq!(parse(r#"299 - "a" "Wed, 21 Oct 2015 07:28:00 GMT", 299 - "b""#), ["a", "b"]);
        assert_eq!(parse("299 - \"open"), Vec::<String>::new());
        assert_eq!(parse(""), Vec::<String>::new());
    }

    #[test]
    fn a_warning_is_told_once() {
        let mut headers = HeaderMap::new();
        headers.append(WARNING, "299 - \"a\"".parse().unwrap());
        headers.append(WARNING, "299 - \"a\"".parse().unwrap());
        assert_eq!(texts(&headers), ["a"]);
    }
}
