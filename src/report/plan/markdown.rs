//! A plan as Markdown, for a pull request.

use crate::report::plan::reasons;
use std::fmt::Write as _;

use crate::plan::{Action, Cause, Change, FieldChange, Plan, Refusal};
use crate::report::format::diff::{DiffLine, changed_lines};
use crate::report::format::markdown::{code, fence};
use crate::report::format::plural::plural;
use crate::report::format::shorten::{Bounded, MarkdownTable, NAMED, ResourceText};
use crate::report::plan::cascade;
use crate::report::plan::value::{long_texts, sign, values};
use crate::report::plan::words;
use crate::report::source_line::Locator;

/// The largest comment on GitHub, in bytes.
pub const MARKDOWN_LIMIT: usize = 65_536;

/// How many managers and notes the summary shows.
const AT_THE_TOP: usize = 20;

const TABLE: MarkdownTable<'_> = MarkdownTable {
    head: "\n| What | Resource | Object | Why |\n|---|---|---|---|\n",
    command: "regplan plan",
};

/// The plan as Markdown of at most `limit` bytes: a summary, a table, and each resource to unfold.
pub fn plan_markdown(plan: &Plan, places: Locator<'_>, limit: usize) -> String {
    let entries: Vec<ResourceText> = plan
        .refusals
        .iter()
        .map(refused)
        .chain(words::by_weight(plan).into_iter().map(|change| entry(plan, change, places)))
        .collect();
    let mut page = match Bounded::new(limit, &headline(plan)) {
        Ok(page) => page,
        Err(shortest) => return shortest,
    };
    top(plan, &mut page);
    page.fill(&TABLE, &entries)
}

fn headline(plan: &Plan) -> String {
    let story = words::quiet(plan).unwrap_or_else(|| format!("Plan: {}.", words::counts(plan)));
    match words::obstacle(plan) {
        Some(obstacle) => format!("{obstacle} {story}"),
        None => story,
    }
}

/// The texts about the whole plan.
fn top(plan: &Plan, page: &mut Bounded) {
    if let Some(story) = words::occasion(plan) {
        page.offer(&format!("\nWhy: {story}\n"));
    }
    let drift = words::drift(plan);
    if !drift.is_empty() && page.offer("\nDrift, which an apply puts back:\n\n") {
        for line in drift.iter().take(AT_THE_TOP) {
            page.offer(&format!("- {}\n", code(line)));
        }
        if let Some(more) = drift.len().checked_sub(AT_THE_TOP).filter(|more| *more > 0) {
            page.offer(&format!("- and {more} more\n"));
        }
    }
    for note in plan.notes.iter().take(AT_THE_TOP) {
        page.offer(&format!("\nNote: {}\n", code(note)));
    }
    let foreign: usize = plan.changes.iter().map(|change| change.foreign).sum();
    if foreign > 0 {
        page.offer(&format!("\nIn all, {}.\n", words::left_alone(foreign)));
    }
}

fn entry(plan: &Plan, change: &Change, places: Locator<'_>) -> ResourceText {
    let verb = words::verb(change.action);
    let loses = matches!(change.action, Action::Delete | Action::Replace);
    let remarks = words::remarks(plan, change);
    let row = row(
        &if loses { format!("**{verb}**") } else { verb.to_owned() },
        &change.address.to_string(),
        &change.target.identity.to_string(),
        &why(change, &remarks),
    );
    let mut sentences: Vec<String> = remarks;
    sentences.extend(cascade::lines(&change.dies_with).into_iter().map(|line| format!("also dies: {line}")));
    sentences
        .extend(change.unchecked.iter().map(|(path, reason)| format!("? {path}: not checked, {reason}")));
    sentences.extend(change.warnings.iter().map(|warning| format!("warning: {warning}")));
    sentences.extend(words::hidden(change).filter(|_| change.action.writes()));
    let is_made = change.action == Action::Create;
    let lines: Vec<String> =
        change.fields.iter().flat_map(|field| whole_field(field, !is_made, places)).collect();
    let title = format!("{} {verb}", code(&change.address.to_string()));
    ResourceText {
        is_vital: loses,
        full: details(&title, loses, &sentences, &lines),
        folded: details(&title, false, &sentences, &paths(&change.fields)),
        row,
    }
}

fn refused(refusal: &Refusal) -> ResourceText {
    let address = refusal.address.to_string();
    let message = reasons::refusal(&refusal.obstacle);
    let story = message.lines().next().unwrap_or_default();
    let row = row("**error**", &address, &refusal.target.identity.to_string(), &code(story));
    let help = refusal.obstacle.help().into_iter().map(|help| format!("# help: {help}"));
    let lines: Vec<String> = message.lines().map(|line| format!("! {line}")).chain(help).collect();
    let title = format!("{} error", code(&address));
    ResourceText { is_vital: true, full: details(&title, true, &[], &lines), folded: String::new(), row }
}

fn row(verb: &str, address: &str, object: &str, why: &str) -> String {
    format!("| {verb} | {} | {} | {why} |\n", code(address), code(object))
}

/// The cell that says why: the first remark, and who made the changes.
fn why(change: &Change, remarks: &[String]) -> String {
    let mut parts: Vec<String> = remarks.first().map(|remark| code(remark)).into_iter().collect();
    let total = change.fields.len();
    if total > 0 {
        parts.push(format!("{total} {}", plural(total, "field", "fields")));
    }
    if change.action != Action::Create {
        let count = |is: fn(&Cause) -> bool| change.fields.iter().filter(|field| is(&field.cause)).count();
        let drift = count(|cause| matches!(cause, Cause::Drift { .. }));
        let conflict = count(|cause| matches!(cause, Cause::Conflict { .. }));
        parts.extend((drift > 0).then(|| format!("{drift} drift")));
        parts.extend((conflict > 0).then(|| format!("{conflict} conflict")));
    }
    parts.join(", ")
}

fn details(title: &str, open: bool, sentences: &[String], lines: &[String]) -> String {
    if sentences.is_empty() && lines.is_empty() {
        return String::new();
    }
    let open = if open { " open" } else { "" };
    let mut text = format!("\n<details{open}><summary>{title}</summary>\n\n");
    for sentence in sentences {
        let _ = writeln!(text, "- {}", code(sentence));
    }
    if !lines.is_empty() {
        let gap = if sentences.is_empty() { "" } else { "\n" };
        let _ = write!(text, "{gap}{}", fence("diff", lines));
    }
    text.push_str("\n</details>\n");
    text
}

/// A field with its values, who changed it, and how to keep the change.
fn whole_field(field: &FieldChange, shows_cause: bool, places: Locator<'_>) -> Vec<String> {
    let path = &field.path;
    let mut lines = Vec::new();
    let (before, after) = values(field);
    if let Some((before, after)) = long_texts(field) {
        lines.push(format!("@@ {path} @@"));
        let changed = changed_lines(before, after);
        lines.extend(changed.iter().map(|line: &DiffLine| format!("{} {}", line.sign(), line.text())));
    } else if field.sensitive {
        lines.push(format!("! {path}: {}", after.unwrap_or_default()));
    } else {
        lines.extend(before.map(|before| format!("- {path}: {before}")));
        lines.extend(after.map(|after| format!("+ {path}: {after}")));
    }
    if field.forces_replacement {
        lines.push("# forces replacement".to_owned());
    }
    if shows_cause {
        lines.extend(words::yours(field, places).map(|story| format!("# {story}")));
        lines.extend(words::whose(&field.cause).map(|story| format!("# {story}")));
        lines.extend(words::keep(field, places).map(|line| format!("# keep it: {line}")));
    }
    lines
}

/// The paths of the fields, without their values.
fn paths(fields: &[FieldChange]) -> Vec<String> {
    let mut lines: Vec<String> = fields
        .iter()
        .take(NAMED)
        .map(|field| {
            let sign = match sign(field).0 {
                "~" => "!",
                sign => sign,
            };
            format!("{sign} {}", field.path)
        })
        .collect();
    if let Some(more) = fields.len().checked_sub(NAMED).filter(|more| *more > 0) {
        lines.push(format!("# and {more} more"));
    }
    lines
}

#[cfg(test)]
mod tests;
