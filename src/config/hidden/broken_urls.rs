//! Logins in URLs of a file that is no TOML, or that has a key twice: whatever they stand in, they are looked for line by line.

use std::ops::Range;

use crate::config::login::Login;

/// What begins the host of a URL. A slash may be missing.
const START: &str = ":/";

/// From behind the scheme of the first such URL in a line to the last `@` in it: where a password ends nobody can say.
pub(super) fn of(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        found.extend(in_line(line).map(|place| start + place.start..start + place.end));
        start += line.len();
    }
    found
}

fn in_line(line: &str) -> Option<Range<usize>> {
    // Whatever the scheme is: what is before it may be a quote.
    let has_login = |at: usize| Login::of(&format!("x{}", &line[at..])) == Login::InUrl;
    let (at, _) = line.match_indices(START).find(|(at, _)| has_login(*at))?;
    Some(at + START.len()..line.rfind('@')?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_found_in_each_line() {
        for (text, hidden) in [
            ("a = \"https://me:word@host\"\n", vec!["/me:word"]),
            ("\na: \"https:/me:wo\"rd@host\" x\nb = 'http://me@host'", vec!["me:wo\"rd", "/me"]),
            ("a = https://me:p/w@host, b = oci://me@host", vec!["/me:p/w@host, b = oci://me"]),
            ("a = \"oci://host/web@sha256:12\" # me@host\n", vec![]),
            ("a = \"me@host\"\nb = \"https://host\"\n", vec![]),
        ] {
            let found: Vec<_> = of(text).into_iter().map(|place| &text[place]).collect();
            assert_eq!(found, hidden, "{text}");
        }
    }
}
