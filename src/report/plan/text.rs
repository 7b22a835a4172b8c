//! A plan as text, for a terminal.

use crate::plan::{Action, Change, Plan, Refusal};
use crate::report::format::escape::escape;
use crate::report::format::layout::{Breaking, fit, width_of};
use crate::report::format::page::Page;
use crate::report::format::styled::{Label, Styled};
use crate::report::plan::cascade;
use crate::report::plan::reasons;
use crate::report::plan::value;
use crate::report::plan::words;

/// By how many columns the lines about a resource are indented.
const INDENT: usize = 6;

/// The plan as text: first what deletes, then what changes, then what is created; the summary last.
///
/// No line is wider than the page, unless it has a word that users copy.
pub fn plan_text(plan: &Plan, page: Page<'_>) -> Styled {
    let mut text = Styled::default();
    for note in &plan.notes {
        let mut line = Styled::default();
        line.push(Label::Warning, "Note: ").push(Label::Plain, escape(note));
        text.append(fit(&line, page.width, INDENT, Breaking::Words)).end().end();
    }
    for change in words::by_weight(plan) {
        text.append(resource(plan, change, page)).end();
    }
    for refusal in &plan.refusals {
        text.append(refused(refusal, page)).end();
    }
    text.append(footer(plan, page));
    text
}

fn symbol(action: Action) -> (&'static str, Label) {
    match action {
        Action::Create => ("+", Label::Add),
        Action::Update => ("~", Label::Change),
        Action::Replace => ("-/+", Label::Destroy),
        Action::Delete => ("-", Label::Destroy),
        Action::Adopt => ("&", Label::Change),
        Action::Keep | Action::Forget | Action::None => ("=", Label::Dim),
    }
}

fn resource(plan: &Plan, change: &Change, page: Page<'_>) -> Styled {
    let (sign, label) = symbol(change.action);
    let address = change.address.to_string();
    let object = change.target.identity.to_string();
    let mut text = heading(sign, label, &address, words::verb(change.action), &object, page);
    let mut say = |label: Label, what: &str, story: &str| {
        text.append(sentence(label, what, story, page));
    };
    for remark in words::remarks(plan, change) {
        say(Label::Plain, "", &remark);
    }
    for line in cascade::lines(&change.dies_with) {
        say(Label::Destroy, "also dies: ", &line);
    }
    let shows_cause = change.action != Action::Create;
    for field in &change.fields {
        text.append(value::field(field, INDENT, shows_cause, page));
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
        say(Label::Plain, &format!("Why: {story}"));
    }
    let foreign: usize = plan.changes.iter().map(|change| change.foreign).sum();
    if foreign > 0 {
        say(Label::Dim, &format!("In all, {}.", words::left_alone(foreign)));
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
