//! A plan as text, for a terminal.

use crate::plan::{Action, Change, Plan, Refusal};
use crate::report::format::escape::escape;
use crate::report::format::layout::{Breaking, fit, width_of};
use crate::report::format::page::Page;
use crate::report::format::plural::plural;
use crate::report::format::styled::{Label, Styled};
use crate::report::freshness;
use crate::report::head::Head;
use crate::report::plan::cascade;
use crate::report::plan::content;
use crate::report::plan::entries::{self, Deed, Entry, Group, Row, entries};
use crate::report::plan::key_facts;
use crate::report::plan::reasons;
use crate::report::plan::value;
use crate::report::plan::words;

/// By how many columns the lines about a resource are indented.
const INDENT: usize = 6;

/// The plan as text: what it is about; then what deletes, what changes, what is created; the summary last.
///
/// No line is wider than the page, unless it has a word that users copy.
pub fn plan_text(plan: &Plan, page: Page<'_>) -> Styled {
    let mut text = head(plan, page);
    for note in freshness::told(&plan.freshness).iter().chain(&plan.notes) {
        let mut line = Styled::default();
        line.push(Label::Warning, "Note: ").push(Label::Plain, escape(note));
        text.append(fit(&line, page.width, INDENT, Breaking::Words)).end().end();
    }
    let entries = entries(plan, page.level);
    let is_brief = entries.iter().any(|entry| match entry {
        Entry::Group(block) => block.deed == Deed::Create,
        Entry::Run(_) => true,
        Entry::Whole(_) | Entry::Unchanged { .. } => false,
    });
    text.append(shown(plan, &entries, page));
    for refusal in &plan.refusals {
        text.append(refused(refusal, page)).end();
    }
    text.append(footer(plan, page));
    if is_brief {
        let hint = "`--full` shows all fields of what is created, `--details ADDRESS` those of one.";
        text.append(fit(Styled::default().push(Label::Dim, hint), page.width, 0, Breaking::Words)).end();
    }
    text
}

/// The entries, with an empty line below each that has more than one line.
fn shown(plan: &Plan, entries: &[Entry<'_>], page: Page<'_>) -> Styled {
    let mut text = Styled::default();
    let mut follows_line = false;
    for entry in entries {
        let entry = match entry {
            Entry::Whole(change) => resource(plan, change, page),
            Entry::Unchanged { reason, resources } => unchanged(reason, resources, page),
            Entry::Run(change) => run(plan, change, page),
            Entry::Group(block) => in_short(plan, block, page),
        };
        let is_line = entry.to_string().matches('\n').count() == 1;
        if !(text.is_empty() || follows_line) {
            text.end();
        }
        text.append(entry);
        follows_line = is_line;
    }
    if !text.is_empty() {
        text.end();
    }
    text
}

/// What the plan is about.
fn head(plan: &Plan, page: Page<'_>) -> Styled {
    let head = Head::of_plan(plan);
    let mut text = Styled::default();
    for line in [head.subject(), head.state()] {
        let line = Styled::default().push(Label::Dim, escape(&line)).clone();
        text.append(fit(&line, page.width, 2, Breaking::Anywhere)).end();
    }
    text.end();
    text
}

/// A hook that is run: when, and with what.
fn run(plan: &Plan, change: &Change, page: Page<'_>) -> Styled {
    let (sign, label) = symbol(change.action);
    let (address, object) = (change.address.to_string(), change.target.identity.to_string());
    let mut text = heading(sign, label, &address, words::story(change), &object, page);
    text.append(concerns(change, &words::remarks(plan, change), page));
    text
}

/// What is made or deleted of a block: a line for each object, or for those of a kind.
fn in_short(plan: &Plan, block: &Group<'_>, page: Page<'_>) -> Styled {
    let (common, own) = block.remarks(plan);
    let (sign, label) = symbol(block.deed.action());
    let verb = words::verb(block.deed.action());
    let mut text = match block.objects.as_slice() {
        [object] => {
            let identity = object.target.identity.to_string();
            heading(sign, label, &object.address.to_string(), verb, &identity, page)
        }
        objects => {
            let within = block.namespace().map(|name| format!(" in the namespace {name}"));
            let count = format!("{} objects{}", objects.len(), within.unwrap_or_default());
            heading(sign, label, &block.block.to_string(), verb, &count, page)
        }
    };
    if !block.facts.is_empty() {
        text.append(sentence(Label::Plain, "", &key_facts::line(block.facts), page));
    }
    for remark in &common {
        text.append(sentence(Label::Plain, "", remark, page));
    }
    if let [object] = block.objects.as_slice() {
        let facts = key_facts::line(&block.facts_of(object));
        if !facts.is_empty() {
            text.append(sentence(Label::Plain, "", &facts, page));
        }
        return text.append(concerns(object, &[], page)).clone();
    }
    for row in block.rows(own) {
        match row {
            Row::One { object, remarks } => {
                let facts = key_facts::line(&block.facts_of(object));
                text.append(listed((sign, label), &entries::name_of(object), &facts, page));
                text.append(concerns(object, &remarks, page));
            }
            Row::Alike { kind, names } => {
                text.append(listed((sign, label), &kind, &names.join(", "), page));
            }
        }
    }
    text
}

/// What stays as it is, as far as that could be predicted.
fn unchanged(reason: &str, resources: &[&Change], page: Page<'_>) -> Styled {
    let count = format!("{} {}", resources.len(), plural(resources.len(), "resource", "resources"));
    let mut text = heading("=", Label::Dim, &count, "no change", "", page);
    text.append(sentence(Label::Plain, "", &format!("predicted: {reason}"), page));
    let addresses: Vec<String> = resources.iter().map(|change| change.address.to_string()).collect();
    text.append(sentence(Label::Dim, "", &addresses.join(", "), page));
    text
}

/// One object among others of its block, or several of one kind.
fn listed((sign, label): (&str, Label), name: &str, story: &str, page: Page<'_>) -> Styled {
    let mut line = Styled::default();
    line.push(label, format!("{:INDENT$}{sign} ", "")).push(Label::Plain, escape(name));
    if !story.is_empty() {
        line.push(Label::Dim, format!("  {}", escape(story)));
    }
    let mut text = fit(&line, page.width, INDENT + 6, Breaking::Anywhere);
    text.end();
    text
}

/// What the reader must know of an object that is told in one line.
fn concerns(object: &Change, remarks: &[String], page: Page<'_>) -> Styled {
    let mut text = Styled::default();
    for remark in remarks {
        text.append(sentence(Label::Plain, "  ", remark, page));
    }
    for (path, reason) in &object.unchecked {
        let story = format!("{path}: not checked, {reason}");
        text.append(sentence(Label::Warning, "  ? ", &story, page));
    }
    for warning in &object.warnings {
        text.append(sentence(Label::Warning, "  warning: ", warning, page));
    }
    text
}

fn symbol(action: Action) -> (&'static str, Label) {
    match action {
        Action::Create => ("+", Label::Add),
        Action::Update => ("~", Label::Change),
        Action::Replace => ("-/+", Label::Destroy),
        Action::Run => ("▸", Label::Add),
        Action::Delete => ("-", Label::Destroy),
        Action::Adopt => ("&", Label::Change),
        Action::Keep | Action::Forget | Action::None => ("=", Label::Dim),
    }
}

fn resource(plan: &Plan, change: &Change, page: Page<'_>) -> Styled {
    let (sign, label) = if change.health.is_some() { ("!", Label::Warning) } else { symbol(change.action) };
    let address = change.address.to_string();
    let object = change.target.identity.to_string();
    let mut text = heading(sign, label, &address, words::story(change), &object, page);
    let mut say = |label: Label, what: &str, story: &str| {
        text.append(sentence(label, what, story, page));
    };
    for remark in words::remarks(plan, change) {
        say(Label::Plain, "", &remark);
    }
    for line in cascade::lines(&change.dies_with) {
        say(Label::Destroy, "also deleted: ", &line);
    }
    if change.action.makes() {
        text.append(content::text(change, INDENT, page));
    } else {
        for field in change.single_fields() {
            text.append(value::field(field, INDENT, page));
        }
        for schema in &change.schemas {
            text.append(value::schema(schema, INDENT, page));
        }
    }
    for (path, reason) in &change.unchecked {
        text.append(sentence(Label::Warning, "? ", &format!("{path}: not checked, {reason}"), page));
    }
    for warning in &change.warnings {
        text.append(sentence(Label::Warning, "warning: ", warning, page));
    }
    if let Some(hidden) = words::hidden(change).filter(|_| change.action.writes()) {
        text.append(sentence(Label::Dim, &format!("({hidden})"), "", page));
    }
    text
}

/// The line that names a resource. Its object is on the next line where the page is too narrow.
fn heading(sign: &str, label: Label, address: &str, verb: &str, object: &str, page: Page<'_>) -> Styled {
    let mut text = Styled::default();
    let object = escape(object);
    let width = 4 + width_of(address) + 2 + width_of(verb);
    text.push(label, format!("{sign:>3} ")).push(Label::Strong, address);
    text.push(label, format!("  {verb}"));
    if width + 2 + width_of(&object) <= page.width {
        text.line(Label::Dim, format!("  {object}"));
    } else {
        let object = Styled::default().push(Label::Dim, format!("{:INDENT$}{object}", "")).clone();
        text.end().append(fit(&object, page.width, INDENT + 4, Breaking::Anywhere)).end();
    }
    text
}

fn sentence(label: Label, what: &str, story: &str, page: Page<'_>) -> Styled {
    let mut line = Styled::default();
    line.push(Label::Plain, " ".repeat(INDENT)).push(label, what).push(Label::Plain, escape(story));
    let mut text = fit(&line, page.width, INDENT + 4, Breaking::Words);
    text.end();
    text
}

fn refused(refusal: &Refusal, page: Page<'_>) -> Styled {
    let (address, object) = (refusal.address.to_string(), refusal.target.identity.to_string());
    let mut text = heading("!", Label::Error, &address, "error", &object, page);
    for line in reasons::refusal(&refusal.obstacle).lines() {
        text.append(sentence(Label::Plain, "", line, page));
    }
    if let Some(help) = refusal.obstacle.help() {
        text.append(sentence(Label::Dim, "help: ", help, page));
    }
    text
}

fn footer(plan: &Plan, page: Page<'_>) -> Styled {
    let mut text = Styled::default();
    let mut say = |label: Label, story: &str| {
        let line = Styled::default().push(label, story).clone();
        text.append(fit(&line, page.width, 4, Breaking::Words)).end();
    };
    let drift = words::drift(plan);
    if !drift.is_empty() {
        say(Label::Change, "Drift, which an apply puts back:");
    }
    for line in drift {
        say(Label::Plain, &format!("  {}", escape(&line)));
    }
    if let Some(story) = words::occasion(plan) {
        say(Label::Plain, &format!("Reason: {story}"));
    }
    let foreign: usize = plan.changes.iter().map(|change| change.foreign).sum();
    if foreign > 0 {
        say(Label::Dim, &format!("{}.", words::left_alone(foreign)));
    }
    if let Some(story) = words::obstacle(plan) {
        say(Label::Error, &story);
    }
    let end = words::quiet(plan).unwrap_or_else(|| format!("Plan: {}.", words::counts(plan)));
    say(Label::Strong, &end);
    text
}

#[cfg(test)]
mod tests;
