//! Drift as text for a terminal, and the words that the other forms of drift share.

use crate::drift::{Drift, DriftKind, Field, Finding, SchemaDrift, Status, Verdict};
use crate::report::format::diff::line_diff;
use crate::report::format::escape::escape;
use crate::report::format::layout::{Breaking, fit, width_of};
use crate::report::format::plural::plural;
use crate::report::format::styled::{Label, Styled};
use crate::report::freshness;
use crate::report::head::Head;
use crate::report::managers::managers;
use crate::report::open_run::fate_of_run;
use crate::report::plan::schema;
use crate::report::plan::value;
use crate::report::plan::words;
use crate::resource::to_the_second;
use crate::state::{Freshness, OpenRun, RunEnd, Unfinished};

/// The column at which sentences about a resource begin, and that of their further lines.
const SAID: usize = 6;
const BELOW: usize = SAID + 4;

/// The drift as text that is `width` columns wide: resources that have changed, then those that could not be
/// read, and the summary last.
pub fn drift_text(drift: &Drift, width: usize) -> Styled {
    let head = Head::of_drift(drift);
    let mut text = Styled::default();
    for line in [head.subject(), head.state()] {
        text.append(sentence(Label::Dim, &line, 0, width));
    }
    text.end();
    if let Some(run) = &drift.unfinished {
        let mut line = Styled::default();
        line.push(Label::Warning, "Note: ").push(Label::Plain, escape(&compared(run, &drift.open_run)));
        text.append(fit(&line, width, SAID, Breaking::Words)).end().end();
    }
    if let Some(story) = freshness::told(&drift.freshness) {
        let mut line = Styled::default();
        line.push(Label::Warning, "Note: ").push(Label::Plain, escape(&story));
        text.append(fit(&line, width, SAID, Breaking::Words)).end().end();
    }
    for (message, help) in warnings(drift) {
        let mut line = Styled::default();
        line.push(Label::Warning, "Warning: ").push(Label::Plain, escape(&message));
        text.append(fit(&line, width, SAID, Breaking::Words)).end();
        text.append(sentence(Label::Plain, &format!("help: {help}"), SAID, width)).end();
    }
    for finding in told(drift) {
        text.append(resource(finding, width)).end();
    }
    text.append(drift_summary(drift));
    text
}

/// What is no drift, and somebody should see to, with what to do; not escaped.
pub(in crate::report) fn warnings(drift: &Drift) -> impl Iterator<Item = (String, String)> {
    drift.ending.iter().map(|ending| (ending.message(drift.at), ending.help()))
}

/// The resources of which there is something to tell: those that have changed, those that could not be read, and those
/// to which others have added something.
pub(in crate::report) fn told(drift: &Drift) -> impl Iterator<Item = &Finding> {
    let of = |verdict| drift.findings.iter().filter(move |finding| finding.status.verdict() == verdict);
    let added = of(Verdict::InSync).filter(|finding| !finding.added.is_empty());
    of(Verdict::Drift).chain(of(Verdict::Unobserved)).chain(added)
}

/// The summary, which is the last lines of the text.
pub fn drift_summary(drift: &Drift) -> Styled {
    let mut text = Styled::default();
    let label = match drift.verdict() {
        Verdict::InSync => Label::Strong,
        Verdict::Drift => Label::Change,
        Verdict::Unobserved => Label::Warning,
    };
    text.line(label, headline(drift));
    for line in remarks(drift) {
        text.line(Label::Plain, line);
    }
    text
}

/// The result in one sentence.
pub(in crate::report) fn headline(drift: &Drift) -> String {
    let looked_at = drift.findings.len() - drift.left_out();
    let (changed, unknown) = (drift.count(Verdict::Drift), drift.count(Verdict::Unobserved));
    let of = format!("of {looked_at} {}", plural(looked_at, "resource", "resources"));
    match drift.verdict() {
        Verdict::InSync if looked_at == 0 => "In sync: nothing has been applied.".to_owned(),
        Verdict::InSync => {
            let are = plural(looked_at, "resource is", "resources are");
            format!("In sync: {looked_at} {are} as last applied.")
        }
        Verdict::Drift => {
            let (are, hooks) = (plural(changed, "is", "are"), drift.incomplete());
            let unwell = drift.unwell() + hooks;
            let lacking = match (drift.unwell(), hooks) {
                (_, 0) => "not ready",
                (0, _) => "did not run to the end",
                _ => "not ready, or did not run to the end",
            };
            match (changed - unwell, hooks) {
                (0, 0) => format!("Not well: {unwell} {of} {are} as last applied and not ready."),
                (0, _) if drift.unwell() == 0 => format!("Not well: {unwell} {of} {lacking}."),
                (0, _) => format!("Not well: {unwell} {of} {are} {lacking}."),
                _ if unwell == 0 => format!("Drift: {changed} {of} {are} not as last applied."),
                _ => format!("Drift: {changed} {of} {are} not as last applied, or {lacking} ({unwell})."),
            }
        }
        Verdict::Unobserved if unknown == 0 => {
            let are = plural(looked_at, "resource is", "resources are");
            let state = match drift.freshness {
                Freshness::Stale(_) => "and that is not the newest state",
                _ => "and nobody can tell whether that is the newest state",
            };
            format!("Not known: {looked_at} {are} as last applied by the state here, {state}.")
        }
        Verdict::Unobserved => {
            format!("Not known: {unknown} {of} could not be observed; no drift in the others.")
        }
    }
}

/// Further sentences about the whole, which are not in the headline.
pub(in crate::report) fn remarks(drift: &Drift) -> Vec<String> {
    let mut remarks = Vec::new();
    let unknown = drift.count(Verdict::Unobserved);
    if drift.verdict() == Verdict::Drift && unknown > 0 {
        remarks.push(format!("{unknown} more could not be observed."));
    }
    if let written @ 1.. = drift.written_later() {
        let resources = plural(written, "resource", "resources");
        remarks.push(format!(
            "A run that this state does not know has written {written} {resources}: perhaps the state is older than the \
             cluster. If there is a newer one, put it back."
        ));
    }
    let left_out = drift.left_out();
    if left_out > 0 {
        let secrets = plural(left_out, "Secret was", "Secrets were");
        remarks.push(format!("{left_out} {secrets} left out, as asked (--no-secrets)."));
    }
    if let (resources @ 1.., additions) = drift.additions() {
        let (to, what) =
            (plural(resources, "resource", "resources"), plural(additions, "addition", "additions"));
        remarks.push(format!("{additions} {what} by others to {resources} {to} (drift with --strict)."));
    }
    if let foreign @ 1.. = drift.foreign() {
        let are = plural(foreign, "field managed by others is", "fields managed by others are");
        remarks.push(format!("{foreign} {are} not compared."));
    }
    remarks
}

/// How the last run ended, and what that means for the comparison; not escaped.
pub(in crate::report) fn compared(run: &Unfinished, fate: &OpenRun) -> String {
    format!("{}. Only its recorded changes are compared", interruption(run, fate))
}

/// How the last run ended, with what has become of one that has not recorded its end; not escaped.
pub(in crate::report) fn interruption(run: &Unfinished, fate: &OpenRun) -> String {
    let story = match run.end {
        None => fate_of_run(fate),
        Some(RunEnd::Stopped) => "was stopped".to_owned(),
        Some(RunEnd::Failed) => "failed in part".to_owned(),
        Some(RunEnd::Completed) => "ended".to_owned(),
    };
    format!("the run that {} began at {} {story}", run.by, to_the_second(run.begun))
}

/// A status in a word or two.
pub(in crate::report) fn word(status: &Status) -> &'static str {
    match status {
        Status::InSync => "in sync",
        Status::NotReady => "not ready yet",
        Status::Unhealthy => "unhealthy",
        Status::Incomplete { failure: Some(_) } => "failed",
        Status::Incomplete { failure: None } => "not run to the end",
        Status::Changed(_) => "changed",
        Status::Ending { .. } => "being deleted",
        Status::Gone => "gone",
        Status::Recreated { .. } => "recreated",
        Status::Unmade { .. } => "not made yet",
        Status::Surplus { .. } => "not wanted any more",
        Status::Unrecorded => "not recorded",
        Status::InDoubt => "in doubt",
        Status::Unreadable(_) => "not readable",
        Status::LeftOut => "left out",
    }
}

/// Everything that is said of a resource besides its fields; not escaped.
pub(in crate::report) fn sentences(finding: &Finding) -> Vec<String> {
    let health = finding.health.as_ref().map(words::health).unwrap_or_default();
    story(&finding.status).into_iter().chain(health).collect()
}

/// Sentences that explain a status, where its word is not enough; not escaped.
fn story(status: &Status) -> Vec<String> {
    match status {
        Status::InSync | Status::NotReady | Status::Unhealthy | Status::Changed(_) | Status::LeftOut => {
            Vec::new()
        }
        Status::Incomplete { failure } => {
            let what = "it is a hook of its chart, and the last apply did not see it do its work";
            let help = "help: the next `regplan apply` runs it again, or waits for it where it still runs";
            failure.iter().cloned().chain([what.to_owned(), help.to_owned()]).collect()
        }
        Status::Ending { since, .. } => {
            let since = since.as_ref().map(|time| format!(" since {time}")).unwrap_or_default();
            vec![format!("its deletion was requested{since} by an unknown manager")]
        }
        Status::Gone => vec!["it was deleted by an unknown manager".to_owned()],
        Status::Recreated { by } => {
            vec![format!("it was deleted and made again; the new one was written {}", managers(by))]
        }
        Status::Unmade { selector } => vec![
            format!("its namespace has the labels `{selector}`, and the last apply did not make it"),
            "help: the next `regplan apply` makes it".to_owned(),
        ],
        Status::Surplus { selector } => vec![
            format!("its namespace has the labels `{selector}` no longer"),
            "help: the next `regplan apply` deletes it".to_owned(),
        ],
        Status::Unrecorded => vec![
            "the object is there; its fields at the last apply are not recorded".to_owned(),
            "help: the next `regplan apply` makes the record".to_owned(),
        ],
        Status::InDoubt => vec![
            "it is not known what an interrupted run did to it".to_owned(),
            "help: the next `regplan apply` finds out".to_owned(),
        ],
        Status::Unreadable(problem) => {
            let help = problem.help.iter().map(|help| format!("help: {help}"));
            problem.message.lines().map(str::to_owned).chain(help).collect()
        }
    }
}

fn symbol(finding: &Finding) -> (&'static str, Label) {
    match &finding.status {
        Status::InSync if !finding.added.is_empty() => ("+", Label::Add),
        Status::InSync | Status::LeftOut => ("=", Label::Dim),
        Status::NotReady | Status::Unhealthy | Status::Incomplete { .. } => ("!", Label::Warning),
        Status::Unmade { .. } => ("+", Label::Add),
        Status::Changed(_) => ("~", Label::Change),
        Status::Ending { .. } | Status::Gone | Status::Surplus { .. } => ("-", Label::Destroy),
        Status::Recreated { .. } => ("-/+", Label::Destroy),
        Status::Unrecorded | Status::InDoubt | Status::Unreadable(_) => ("?", Label::Warning),
    }
}

fn resource(finding: &Finding, width: usize) -> Styled {
    let (sign, label) = symbol(finding);
    let mut text = Styled::default();
    text.push(label, format!("{sign:>3} ")).push(Label::Strong, finding.address.to_string());
    text.push(label, format!("  {}", word(&finding.status)));
    let object = escape(&finding.identity.to_string());
    // The address and the object are never broken, so that they can be copied.
    if width_of(&text.to_string()) + 2 + width_of(&object) > width {
        text.end().push(Label::Plain, " ".repeat(SAID));
    } else {
        text.push(Label::Plain, "  ");
    }
    text.line(Label::Dim, object);
    for line in sentences(finding) {
        text.append(sentence(Label::Plain, &line, SAID, width));
    }
    for changed in finding.single_fields() {
        text.append(field(&changed, width));
    }
    for changed in finding.schemas() {
        text.append(schema(&changed, width));
    }
    text
}

/// A schema in one line, and who owns it now.
fn schema(drift: &SchemaDrift, width: usize) -> Styled {
    let (sign, label) = match (&drift.before, &drift.after) {
        (_, None) => ("-", Label::Destroy),
        (None, Some(_)) => ("+", Label::Add),
        (Some(_), Some(_)) => ("~", Label::Change),
    };
    let mut head = Styled::default();
    head.push(label, format!("{:SAID$}{sign} ", ""));
    head.push(
        Label::Plain,
        format!(
            "{}: {}",
            escape(&drift.path.to_string()),
            schema::sides(drift.before.as_ref(), drift.after.as_ref())
        ),
    );
    let mut text = fit(&head, width, BELOW, Breaking::Anywhere);
    text.end().append(sentence(Label::Dim, &managers(&drift.by), BELOW, width));
    text
}

/// A sentence that begins in this column; its further lines are indented a little more.
fn sentence(label: Label, sentence: &str, column: usize, width: usize) -> Styled {
    let mut line = Styled::default();
    line.push(label, format!("{:column$}{}", "", escape(sentence)));
    let mut text = fit(&line, width, column + 2, Breaking::Words);
    text.end();
    text
}

fn field(field: &Field, width: usize) -> Styled {
    let (sign, label) = match field.event {
        DriftKind::Changed | DriftKind::Released => ("~", Label::Change),
        DriftKind::Removed => ("-", Label::Destroy),
        DriftKind::Added | DriftKind::AddedByOthers => ("+", Label::Add),
    };
    let mut head = Styled::default();
    head.push(label, format!("{:SAID$}{sign} ", "")).push(Label::Plain, escape(&field.path.to_string()));
    let lines = texts(field);
    match lines {
        Some(_) => head.push(Label::Plain, ":"),
        None => head.push(Label::Plain, format!(": {}", change(field))),
    };
    let mut text = fit(&head, width, BELOW, Breaking::Anywhere);
    text.end();
    if let Some((before, after)) = lines {
        text.append(line_diff(before, after, BELOW, width));
    }
    text.append(sentence(Label::Dim, &who(field), BELOW, width));
    text
}

/// Who owns it now.
pub(in crate::report) fn who(field: &Field) -> String {
    let by = managers(&field.by);
    if field.event == DriftKind::AddedByOthers { format!("added {by}") } else { by }
}

/// Both values, where they are long texts that are better shown as a diff of lines.
fn texts(field: &Field) -> Option<(&str, &str)> {
    let (before, after) = (field.before.as_ref()?.as_str()?, field.after.as_ref()?.as_str()?);
    (before.contains('\n') || after.contains('\n')).then_some((before, after))
}

/// What happened to a field, in one line that is safe to print.
pub(in crate::report) fn change(field: &Field) -> String {
    let shown = |value: &Option<_>| value.as_ref().map_or_else(|| "(none)".to_owned(), value::one_line);
    match (field.event, field.sensitive) {
        (DriftKind::Changed, true) => "(sensitive, changed)".to_owned(),
        (DriftKind::Removed, true) => "(sensitive, removed)".to_owned(),
        (DriftKind::Added | DriftKind::AddedByOthers, true) => "(sensitive, added)".to_owned(),
        (DriftKind::AddedByOthers, false) => shown(&field.after),
        (DriftKind::Changed, false) => format!("{} -> {}", shown(&field.before), shown(&field.after)),
        (DriftKind::Removed, false) => match &field.before {
            Some(before) => format!("{} -> (removed)", value::one_line(before)),
            None => "(removed, with all below it)".to_owned(),
        },
        (DriftKind::Added, false) => format!("(none) -> {}", shown(&field.after)),
        (DriftKind::Released, _) => "(same value, but regplan does not own it any more)".to_owned(),
    }
}

#[cfg(test)]
mod tests;
