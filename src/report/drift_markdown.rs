//! Drift for a comment, a chat, an issue.

use std::fmt::Write as _;

use super::drift::{change, hands, headline, interruption, remarks, story, word};
use super::escape::escape;
use crate::drift::{Drift, Field, Finding, Verdict};

/// Longer texts of others are cut: a table is read by a person.
const LONGEST: usize = 200;

/// What was found, as Markdown: a headline, a table, and each resource's fields to unfold.
pub fn drift_markdown(drift: &Drift) -> String {
    let shown: Vec<&Finding> = [Verdict::Drift, Verdict::Unobserved]
        .into_iter()
        .flat_map(|verdict| drift.findings.iter().filter(move |found| found.status.verdict() == verdict))
        .collect();
    let mut text = format!("**{}**\n\n", headline(drift));
    for line in remarks(drift) {
        let _ = write!(text, "{line}\n\n");
    }
    if let Some(run) = &drift.unfinished {
        let _ = write!(text, "Note: {}\n\n", code(&interruption(run)));
    }
    if !shown.is_empty() {
        text.push_str("| Resource | Object | What | Fields |\n|---|---|---|---:|\n");
    }
    for found in &shown {
        let (address, object) = (code(&found.address.to_string()), code(&found.identity.to_string()));
        let fields = found.status.fields().len();
        let _ = writeln!(text, "| {address} | {object} | {} | {fields} |", word(&found.status));
    }
    for found in &shown {
        text.push_str(&details(found));
    }
    text
}

fn details(found: &Finding) -> String {
    let story = story(&found.status);
    let fields = found.status.fields();
    if story.is_empty() && fields.is_empty() {
        return String::new();
    }
    let address = code(&found.address.to_string());
    let mut text = format!("\n<details><summary>{address} {}</summary>\n\n", word(&found.status));
    for line in story {
        let _ = writeln!(text, "- {}", code(&line));
    }
    for changed in fields {
        text.push_str(&field(changed));
    }
    text.push_str("\n</details>\n");
    text
}

fn field(field: &Field) -> String {
    let path = code(&field.path.to_string());
    format!("- {path}: {}, {}\n", code(&change(field)), code(&hands(&field.by)))
}

/// A text of others as code that nothing in it can end, and in which nothing means anything: no table, no
/// mention, no link, no tag. Every character that Markdown or HTML could read as its own is written as a
/// reference, which neither does.
fn code(text: &str) -> String {
    let visible: Vec<char> = escape(text).chars().collect();
    let mut safe = String::from("<code>");
    for (at, c) in visible.iter().enumerate().take(LONGEST) {
        let before = at.checked_sub(1).and_then(|at| visible.get(at));
        if is_plain(*c, before, visible.get(at + 1)) {
            safe.push(*c);
        } else {
            // Writing into a string does not fail.
            let _ = write!(safe, "&#{};", u32::from(*c));
        }
    }
    if visible.len() > LONGEST {
        safe.push('…');
    }
    safe.push_str("</code>");
    safe
}

/// Whether the character means nothing between these two. `://` and `www.` make links of what they stand in.
fn is_plain(c: char, before: Option<&char>, after: Option<&char>) -> bool {
    match c {
        ':' => after != Some(&'/'),
        '.' => !matches!(before, Some('w' | 'W')),
        _ => c.is_alphanumeric() || " -/=,;()\"'+%?".contains(c),
    }
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn nothing_breaks_out_of_code() {
        let hostile =
            "a|b`c``d</code></details>@team #1 [x](http://y) www.z ~~z~~ _u_ *v* \\| \u{1b}[31m\nnew";
        let shown = code(hostile);
        let inner = shown.strip_prefix("<code>").unwrap().strip_suffix("</code>").unwrap();
        for meaningful in
            ["|", "`", "<", ">", "@", "[", "]", "~", "_", "*", "\\", "\n", "\u{1b}", "://", "www."]
        {
            assert!(!inner.contains(meaningful), "{meaningful:?} in {inner}");
        }
        // Those that are left begin a reference.
        assert_eq!(inner.matches("&#").count(), inner.matches('#').count());
        assert_eq!(inner.matches("&#").count(), inner.matches('&').count());
        assert_eq!(code(&"x".repeat(1000)).chars().filter(|c| *c == 'x').count(), 200);
    }
}
