//! Drift for a comment, a chat, an issue.

use std::fmt::Write as _;

use super::drift::{change, hands, headline, interruption, remarks, story, word};
use super::markdown::code;
use crate::drift::{Drift, Field, Finding, Verdict};

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
