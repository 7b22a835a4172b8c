//! A plan as Markdown, for a pull request.

use std::fmt::Write as _;

use crate::plan::{Action, Cause, Change, FieldChange, Plan, Refusal, SchemaChange};
use crate::report::format::diff::{DiffLine, changed_lines};
use crate::report::format::markdown::{code, fence};
use crate::report::format::plural::plural;
use crate::report::format::shorten::{Bounded, MarkdownTable, NAMED, ResourceText};
use crate::report::freshness;
use crate::report::head::Head;
use crate::report::plan::cascade;
use crate::report::plan::content::{self, ContentLine};
use crate::report::plan::entries::{Deed, Entry, Group, Row, entries, name_of};
use crate::report::plan::key_facts;
use crate::report::plan::level::Level;
use crate::report::plan::reasons;
use crate::report::plan::schema;
use crate::report::plan::value::{long_texts, sign, values};
use crate::report::plan::words;
use crate::report::source_line::Locator;

/// The largest comment on GitHub, in bytes.
pub const MARKDOWN_LIMIT: usize = 65_536;

/// How many managers and notes the summary shows.
const AT_THE_TOP: usize = 20;

const TABLE: MarkdownTable<'_> = MarkdownTable {
    head: "\n| What | Resource | Object | Reason |\n|---|---|---|---|\n",
    command: "regplan plan",
};

/// The plan as Markdown of at most `limit` bytes: what it is about, a summary, a table, and each resource to unfold.
/// Its last line is the digest.
pub fn plan_markdown(plan: &Plan, level: &Level, places: Locator<'_>, limit: usize) -> String {
    let shown = entries(plan, level).into_iter().map(|entry| match entry {
        Entry::Whole(change) => whole(plan, change, places),
        Entry::Run(change) => run(plan, change),
        Entry::Group(block) => in_short(plan, &block),
        Entry::Unchanged { reason, resources } => unchanged(&reason, &resources),
    });
    let entries: Vec<ResourceText> = plan.refusals.iter().map(refused).chain(shown).collect();
    let end = format!("\nDigest: {}\n", code(&plan.digest));
    let mut page = match Bounded::new(limit, &headline(plan)) {
        Ok(page) => page.ending_with(end),
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
    let head = Head::of_plan(plan);
    page.offer(&format!("\n{}  \n{}\n", code(&head.subject()), code(&head.state())));
    if let Some(story) = words::occasion(plan) {
        page.offer(&format!("\nReason: {story}\n"));
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
    let told = freshness::told(&plan.freshness);
    for note in told.iter().chain(plan.notes.iter().take(AT_THE_TOP)) {
        page.offer(&format!("\nNote: {}\n", code(note)));
    }
    let foreign: usize = plan.changes.iter().map(|change| change.foreign).sum();
    if foreign > 0 {
        page.offer(&format!("\n{}.\n", words::left_alone(foreign)));
    }
}

/// What stays as it is, as far as that could be predicted: one row for each reason.
fn unchanged(reason: &str, resources: &[&Change]) -> ResourceText {
    let count = format!("{} {}", resources.len(), plural(resources.len(), "resource", "resources"));
    let row = row("no change", &count, "", &code(&format!("predicted: {reason}")));
    let lines: Vec<String> = resources.iter().map(|change| format!("= {}", change.address)).collect();
    let text = details(&format!("{} no change", code(&count)), false, &[], &lines);
    ResourceText { is_vital: false, full: text.clone(), folded: text, row }
}

/// A hook that is run: one row.
fn run(plan: &Plan, change: &Change) -> ResourceText {
    let remarks = words::remarks(plan, change);
    let (address, object) = (change.address.to_string(), change.target.identity.to_string());
    let row = row(words::story(change), &address, &object, &code(&remarks.join("; ")));
    let lines: Vec<String> = concerns(change).iter().map(|line| format!("# {line}")).collect();
    let text = details(&format!("{} run", code(&address)), false, &[], &lines);
    ResourceText { is_vital: false, full: text.clone(), folded: text, row }
}

/// What is made or deleted of a block: one row, and a line for each object, or for those of a kind, to unfold.
fn in_short(plan: &Plan, block: &Group<'_>) -> ResourceText {
    let (common, own) = block.remarks(plan);
    let verb = words::verb(block.deed.action());
    let loses = block.deed == Deed::Delete;
    let (address, object) = match block.objects.as_slice() {
        [object] => (object.address.to_string(), object.target.identity.to_string()),
        objects => (block.block.to_string(), format!("{} objects", objects.len())),
    };
    let facts = match block.objects.as_slice() {
        [object] if block.facts.is_empty() => key_facts::line(&block.facts_of(object)),
        _ => key_facts::line(block.facts),
    };
    let why = [facts, common.join("; ")].into_iter().filter(|text| !text.is_empty());
    let why = why.map(|text| code(&text)).collect::<Vec<_>>().join(", ");
    let row = row(&emphasised(verb, loses), &address, &object, &why);
    let mut lines = Vec::new();
    if let [object] = block.objects.as_slice() {
        lines.extend(concerns(object).iter().map(|line| format!("# {line}")));
    } else {
        lines.extend(block.rows(own).iter().flat_map(|row| row_lines(block, row)));
    }
    let title = format!("{} {verb}", code(&address));
    ResourceText {
        is_vital: loses,
        full: details(&title, loses, &[], &lines),
        folded: details(&title, false, &[], &lines),
        row,
    }
}

/// A verb in a table; what loses something is set off.
fn emphasised(verb: &str, loses: bool) -> String {
    if loses { format!("**{verb}**") } else { verb.to_owned() }
}

/// A line of what is made or deleted of a block, and what is said of it below.
fn row_lines(block: &Group<'_>, row: &Row<'_>) -> Vec<String> {
    let sign = match block.deed {
        Deed::Delete => "-",
        Deed::Create => "+",
        Deed::Keep => "=",
    };
    match row {
        Row::Alike { kind, names } => vec![format!("{sign} {kind}  {}", names.join(", "))],
        Row::One { object, remarks } => {
            let facts = key_facts::line(&block.facts_of(object));
            let gap = if facts.is_empty() { "" } else { "  " };
            let first = format!("{sign} {}{gap}{facts}", name_of(object));
            let below = remarks.iter().cloned().chain(concerns(object)).map(|line| format!("#   {line}"));
            std::iter::once(first).chain(below).collect()
        }
    }
}

/// What the reader must know of a resource besides its fields.
fn concerns(change: &Change) -> Vec<String> {
    let unchecked = change.unchecked.iter().map(|(path, reason)| format!("? {path}: not checked, {reason}"));
    unchecked.chain(change.warnings.iter().map(|warning| format!("warning: {warning}"))).collect()
}

fn whole(plan: &Plan, change: &Change, places: Locator<'_>) -> ResourceText {
    let verb = words::story(change);
    let loses = matches!(change.action, Action::Delete | Action::Replace);
    let remarks = words::remarks(plan, change);
    let row = row(
        &emphasised(verb, loses),
        &change.address.to_string(),
        &change.target.identity.to_string(),
        &why(change, &remarks),
    );
    let mut sentences: Vec<String> = remarks;
    sentences
        .extend(cascade::lines(&change.dies_with).into_iter().map(|line| format!("also deleted: {line}")));
    sentences.extend(concerns(change));
    sentences.extend(words::hidden(change).filter(|_| change.action.writes()));
    let lines: Vec<String> = if change.action.makes() {
        let indented = |line: &ContentLine| format!("+ {:width$}{}", "", line.text, width = 2 * line.depth);
        content::lines(change).iter().map(indented).collect()
    } else {
        let fields = change.single_fields().flat_map(|field| whole_field(field, places));
        fields.chain(change.schemas.iter().flat_map(schema_lines)).collect()
    };
    let title = format!("{} {verb}", code(&change.address.to_string()));
    ResourceText {
        is_vital: loses,
        full: details(&title, loses, &sentences, &lines),
        folded: details(&title, false, &sentences, &paths(&change.single_fields().collect::<Vec<_>>())),
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
    if !change.action.makes() {
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
fn whole_field(field: &FieldChange, places: Locator<'_>) -> Vec<String> {
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
    lines.extend(words::yours(field, places).map(|story| format!("# {story}")));
    lines.extend(words::whose(&field.cause).map(|story| format!("# {story}")));
    lines.extend(words::keep(field, places).map(|line| format!("# keep it: {line}")));
    lines
}

/// A schema in one line, and who changed it.
fn schema_lines(change: &SchemaChange) -> Vec<String> {
    let line = format!("! {}: {}", change.path, schema::change(change));
    std::iter::once(line).chain(words::whose(&change.cause).map(|story| format!("# {story}"))).collect()
}

/// The paths of the fields, without their values.
fn paths(fields: &[&FieldChange]) -> Vec<String> {
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
