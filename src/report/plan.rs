//! A plan for a reader at a terminal.

use super::dying;
use super::escape::escape;
use super::styled::{Label, Styled};
use super::value;
use crate::plan::{Action, Change, Fidelity, Mode, Plan, Refusal};

/// The plan as text: what destroys first, then what changes, then what is made; the summary last.
pub fn plan_text(plan: &Plan) -> Styled {
    let mut text = Styled::default();
    for note in &plan.notes {
        text.push(Label::Warning, "Note: ").line(Label::Plain, escape(note)).end();
    }
    let mut shown: Vec<&Change> = plan.changes.iter().filter(|change| is_worth_a_line(change)).collect();
    shown.sort_by_key(|change| weight(change.action));
    for change in &shown {
        text.append(resource(change)).end();
    }
    for refusal in &plan.refusals {
        text.append(refused(refusal)).end();
    }
    text.append(footer(plan));
    text
}

fn is_worth_a_line(change: &Change) -> bool {
    change.action != Action::None || change.moved_from.is_some() || !change.unchecked.is_empty()
}

fn weight(action: Action) -> u8 {
    match action {
        Action::Delete => 0,
        Action::Replace => 1,
        Action::Update => 2,
        Action::Adopt => 3,
        Action::Create => 4,
        Action::None => 5,
        Action::Forget => 6,
        Action::Keep => 7,
    }
}

fn symbol(action: Action) -> (&'static str, &'static str, Label) {
    match action {
        Action::Create => ("+", "create", Label::Add),
        Action::Update => ("~", "update", Label::Change),
        Action::Replace => ("-/+", "replace", Label::Destroy),
        Action::Delete => ("-", "delete", Label::Destroy),
        Action::Adopt => ("&", "adopt", Label::Change),
        Action::Keep => ("=", "keep", Label::Dim),
        Action::Forget => ("=", "forget", Label::Dim),
        Action::None => ("=", "no change", Label::Dim),
    }
}

fn resource(change: &Change) -> Styled {
    let mut text = Styled::default();
    let (sign, word, label) = symbol(change.action);
    text.push(label, format!("{sign:>3} ")).push(Label::Strong, change.address.to_string());
    text.push(label, format!("  {word}"));
    let naming = change.target.identity.to_string();
    text.line(Label::Dim, format!("  {}", escape(&naming)));
    if let Some(from) = &change.moved_from {
        text.line(Label::Plain, format!("      moved from {from}"));
    }
    if let Some(reason) = &change.reason {
        text.line(Label::Plain, format!("      {}", escape(reason)));
    }
    if let Fidelity::Predicted(reason) = &change.fidelity
        && change.action.writes()
    {
        text.line(Label::Dim, format!("      predicted: {}", escape(reason)));
    }
    for field in &change.fields {
        text.append(value::field(field, "      "));
    }
    for line in dying::lines(&change.dies_with) {
        text.push(Label::Destroy, "      also dies: ").line(Label::Plain, escape(&line));
    }
    for (path, reason) in &change.unchecked {
        text.push(Label::Warning, "      ? ").push(Label::Plain, escape(&path.to_string()));
        text.line(Label::Plain, format!(": not checked, {}", escape(reason)));
    }
    for warning in &change.warnings {
        text.push(Label::Warning, "      warning: ").line(Label::Plain, escape(warning));
    }
    text
}

fn refused(refusal: &Refusal) -> Styled {
    let mut text = Styled::default();
    text.push(Label::Error, "  ! ").push(Label::Strong, refusal.address.to_string());
    text.push(Label::Error, "  error");
    text.line(Label::Dim, format!("  {}", escape(&refusal.target.identity.to_string())));
    for line in refusal.problem.message.lines() {
        text.line(Label::Plain, format!("      {}", escape(line)));
    }
    if let Some(help) = &refusal.problem.help {
        text.push(Label::Dim, "      help: ").line(Label::Plain, escape(help));
    }
    text
}

fn footer(plan: &Plan) -> Styled {
    let mut text = Styled::default();
    let settled = plan.changes.iter().filter(|change| change.action == Action::None).count();
    if !plan.refusals.is_empty() {
        let count = plan.refusals.len();
        let (noun, verb) = if count == 1 { ("resource", "stands") } else { ("resources", "stand") };
        text.line(
            Label::Error,
            format!("{count} {noun} {verb} in the way of this plan; nothing can be applied."),
        );
    } else if !plan.has_changes() {
        let story = match plan.mode {
            Mode::Apply => {
                format!("Nothing to change: {} as the configuration says.", resources_are(settled))
            }
            Mode::Destroy => "Nothing to destroy.".to_owned(),
        };
        text.line(Label::Strong, story);
        return text;
    }
    let summary = plan.summary();
    text.line(
        Label::Strong,
        format!(
            "Plan: {} to add, {} to change, {} to replace, {} to destroy.",
            summary.add, summary.change, summary.replace, summary.destroy
        ),
    );
    text
}

fn resources_are(count: usize) -> String {
    if count == 1 { "1 resource is".to_owned() } else { format!("{count} resources are") }
}
