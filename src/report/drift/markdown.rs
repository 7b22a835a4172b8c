//! Drift as Markdown, for a comment, a chat or an issue.

use crate::report::freshness;
use crate::report::head::Head;
use std::fmt::Write as _;

use crate::drift::{Drift, Field, Finding, SchemaDrift, Status};
use crate::report::drift::text::{change, compared, headline, remarks, sentences, told, warnings, who, word};
use crate::report::format::markdown::code;
use crate::report::format::shorten::{Bounded, MarkdownTable, NAMED, ResourceText};
use crate::report::managers::managers;
use crate::report::plan::schema;

const TABLE: MarkdownTable<'_> = MarkdownTable {
    head: "\n| Resource | Object | What | Fields |\n|---|---|---|---:|\n",
    command: "regplan drift",
};

/// The drift as Markdown of at most `limit` bytes: a headline, a table, and the fields of each resource to
/// unfold. Resources that have changed come before those that could not be read.
pub fn drift_markdown(drift: &Drift, limit: usize) -> String {
    let mut page = match Bounded::new(limit, &headline(drift)) {
        Ok(page) => page,
        Err(shortest) => return shortest,
    };
    let head = Head::of_drift(drift);
    page.offer(&format!("\n{}  \n{}\n", code(&head.subject()), code(&head.state())));
    for line in remarks(drift) {
        page.offer(&format!("\n{line}\n"));
    }
    if let Some(story) = freshness::told(&drift.freshness) {
        page.offer(&format!("\nNote: {}\n", code(&story)));
    }
    if let Some(run) = &drift.unfinished {
        page.offer(&format!("\nNote: {}\n", code(&compared(run, &drift.open_run))));
    }
    for (message, help) in warnings(drift) {
        page.offer(&format!("\nWarning: {} ({})\n", code(&message), code(&help)));
    }
    let entries: Vec<ResourceText> = told(drift).map(entry).collect();
    page.fill(&TABLE, &entries)
}

fn entry(found: &Finding) -> ResourceText {
    let (address, object) = (code(&found.address.to_string()), code(&found.identity.to_string()));
    let word = word(&found.status);
    let fields: Vec<Field> = found.single_fields();
    let mut full = String::new();
    for line in sentences(found) {
        // Writing into a string cannot fail.
        let _ = writeln!(full, "- {}", code(&line));
    }
    let folded = full.clone() + &paths(&fields);
    for changed in &fields {
        full.push_str(&field(changed));
    }
    for changed in found.schemas() {
        full.push_str(&schema(&changed));
    }
    let details = |content: &str| {
        if content.is_empty() {
            return String::new();
        }
        format!("\n<details><summary>{address} {word}</summary>\n\n{content}\n</details>\n")
    };
    ResourceText {
        is_vital: matches!(found.status, Status::Gone | Status::Recreated { .. } | Status::Ending { .. }),
        row: format!(
            "| {address} | {object} | {word} | {} |\n",
            found.status.fields().len() + found.added.len()
        ),
        full: details(&full),
        folded: details(&folded),
    }
}

fn field(field: &Field) -> String {
    let path = code(&field.path.to_string());
    format!("- {path}: {}, {}\n", code(&change(field)), code(&who(field)))
}

/// A schema in one line, and who owns it now.
fn schema(drift: &SchemaDrift) -> String {
    let path = code(&drift.path.to_string());
    format!(
        "- {path}: {}, {}\n",
        code(&schema::sides(drift.before.as_ref(), drift.after.as_ref())),
        code(&managers(&drift.by))
    )
}

/// The paths of the fields, without their values.
fn paths(fields: &[Field]) -> String {
    let mut text = String::new();
    for field in fields.iter().take(NAMED) {
        let _ = writeln!(text, "- {}", code(&field.path.to_string()));
    }
    if let Some(more) = fields.len().checked_sub(NAMED).filter(|more| *more > 0) {
        let _ = writeln!(text, "- and {more} more");
    }
    text
}
