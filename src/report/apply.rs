//! The words for an apply: for its events while it runs, and for its report.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::apply::{Event, Report, Writer};
use crate::plan::{Action, Plan};
use crate::report::format::escape::escape;
use crate::report::format::styled::{Label, Styled};
use crate::report::freshness;
use crate::report::plan::json::plan_json;
use crate::report::source_line::Locator;
use crate::resource::Address;

/// One line for an event; `None` for those that only matter to a progress display.
pub fn event_line(event: &Event) -> Option<Styled> {
    let mut text = Styled::default();
    match event {
        // An unchanged resource is waited for only because others depend on it.
        Event::Started { .. } | Event::Waiting { .. } | Event::Finished { action: Action::None, .. } => {
            return None;
        }
        Event::Finished { address, action, elapsed } => {
            let label = if matches!(action, Action::Delete) { Label::Destroy } else { Label::Add };
            text.push(label, format!("{:>9} ", past(*action))).push(Label::Plain, address.to_string());
            text.push(Label::Dim, format!("  {:.1} s", elapsed.as_secs_f64()));
        }
        Event::Ready { address, elapsed } => {
            text.push(Label::Add, format!("{:>9} ", "ready")).push(Label::Plain, address.to_string());
            text.push(Label::Dim, format!("  {:.1} s", elapsed.as_secs_f64()));
        }
        Event::Unseen { address } => {
            text.push(Label::Dim, format!("{:>9} ", "skipped")).push(Label::Plain, address.to_string());
            text.push(Label::Dim, "  nobody has looked whether it is there");
        }
        Event::Failed { failure, .. } => {
            text.push(Label::Error, format!("{:>9} ", "failed"))
                .push(Label::Strong, failure.address.to_string());
            for line in failure.problem.message.lines() {
                text.end().push(Label::Plain, format!("{:>9} {}", "", escape(line)));
            }
            if let Some(help) = &failure.problem.help {
                text.end().push(Label::Dim, format!("{:>9} help: ", "")).push(Label::Plain, escape(help));
            }
        }
        Event::Skipped(skipped) => {
            text.push(Label::Dim, format!("{:>9} ", "skipped"))
                .push(Label::Plain, skipped.address.to_string());
            let because = skipped.because.as_ref().map(|address| format!("  because of {address}"));
            text.push(Label::Dim, because.unwrap_or_default());
        }
        Event::Unwaited { address, writer, .. } => {
            let (word, by) = match writer {
                Writer::ThisRun => ("written", ""),
                Writer::AnEarlierRun => ("not ready", ": an earlier run has written it"),
                Writer::APerson => ("not ready", ": a person was asked to make it"),
            };
            text.push(Label::Dim, format!("{word:>9} ")).push(Label::Plain, address.to_string());
            text.push(Label::Dim, format!("  not waited for{by}"));
        }
        Event::Leaving { address, action } => {
            text.push(Label::Dim, format!("{:>9} ", "deleting")).push(Label::Plain, address.to_string());
            text.push(Label::Dim, format!("  not waited for{}", what_is_left(*action)));
        }
        Event::Warning { address, text: words } => {
            text.push(Label::Warning, format!("{:>9} ", "warning"));
            text.push(Label::Plain, format!("{address}: {}", escape(words)));
        }
        Event::NotRecorded { problem } => {
            text.push(Label::Warning, format!("{:>9} ", "warning"));
            text.push(Label::Plain, escape(&freshness::not_recorded(problem)));
        }
        Event::Stopping => {
            text.push(
                Label::Warning,
                "Stopping: what is under way is finished first. Ctrl-C once more stops at once.",
            );
        }
    }
    Some(text)
}

/// What a stop has left to do where an object was on its way out.
fn what_is_left(action: Action) -> &'static str {
    match action {
        Action::Delete => ": the deletion was asked for",
        _ => ": the old object is to be deleted; once it is gone, the next apply makes the new one",
    }
}

/// The action as something under way: `creating`.
pub(crate) fn present(action: Action) -> &'static str {
    match action {
        Action::Create => "creating",
        Action::Update => "updating",
        Action::Replace => "replacing",
        Action::Run => "running",
        Action::Delete => "deleting",
        Action::Adopt => "adopting",
        Action::None | Action::Keep | Action::Forget => "checking",
    }
}

fn past(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Update => "updated",
        Action::Replace => "replaced",
        Action::Run => "ran",
        Action::Delete => "deleted",
        Action::Adopt => "adopted",
        Action::None => "unchanged",
        Action::Keep => "kept",
        Action::Forget => "forgotten",
    }
}

/// An event as one JSON object; `--format json` prints one on each line.
pub fn event_json(event: &Event) -> Value {
    match event {
        Event::Started { address, action } => {
            json!({"event": "started", "address": address, "action": action})
        }
        Event::Waiting { address, missing } => {
            json!({"event": "waiting", "address": address, "missing": missing})
        }
        Event::Finished { address, action, elapsed } => {
            json!({"event": "finished", "address": address, "action": action, "seconds": elapsed.as_secs_f64()})
        }
        Event::Ready { address, elapsed } => {
            json!({"event": "ready", "address": address, "seconds": elapsed.as_secs_f64()})
        }
        Event::Unseen { address } => json!({"event": "unseen", "address": address}),
        Event::Failed { failure, action } => {
            json!({"event": "failed", "address": failure.address, "action": action,
                   "problem": failure.problem.message, "help": failure.problem.help})
        }
        Event::Skipped(skipped) => {
            json!({"event": "skipped", "address": skipped.address, "because": skipped.because})
        }
        Event::Unwaited { address, action, writer } => {
            json!({"event": "unwaited", "address": address, "action": action, "writer": writer})
        }
        Event::Leaving { address, action } => {
            json!({"event": "leaving", "address": address, "action": action})
        }
        Event::Warning { address, text } => json!({"event": "warning", "address": address, "text": text}),
        Event::NotRecorded { problem } => {
            json!({"event": "not_recorded", "problem": problem.message, "help": problem.help})
        }
        Event::Stopping => json!({"event": "stopping"}),
    }
}

/// How a run has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Everything was done.
    Completed,
    /// Something failed. What was done stays, and the next plan goes on from there.
    Failed,
    /// It was stopped from outside. What was done stays.
    Stopped,
    /// Something failed, and what the run had written is undone.
    Undone {
        /// What it wrote and what stays all the same.
        staying: BTreeSet<Address>,
    },
    /// Something failed, and not all of what the run had written could be undone.
    NotUndone,
}

impl Ending {
    /// The end of a run of which nothing is undone.
    pub fn of(report: &Report) -> Self {
        match report {
            _ if report.is_complete() => Self::Completed,
            Report { stopped: true, .. } => Self::Stopped,
            _ => Self::Failed,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Undone { .. } => "undone",
            Self::NotUndone => "not_undone",
        }
    }
}

/// The plan by which a failed run is undone, as an event: the events after it are those of the undo.
pub fn undoing_json(plan: &Plan, places: Locator<'_>) -> Value {
    json!({"event": "undoing", "plan": plan_json(plan, places)})
}

/// The last event of a run: how it has ended, and what the report of it counts.
pub fn ending_json(report: &Report, ending: &Ending) -> Value {
    let mut json = json!({"event": "ended", "outcome": ending.name(), "done": report.done.len(),
                          "failed": report.failed.len(), "unwaited": report.unwaited.len() + report.asked.len(),
                          "leaving": report.leaving.len(), "skipped": report.skipped.len()});
    if let Ending::Undone { staying } = ending {
        json["staying"] = json!(staying);
    }
    json
}

/// The report of an apply as text: what was done, what failed, what was not tried.
pub fn report_text(report: &Report) -> Styled {
    let mut text = Styled::default();
    let count = |wanted: Action| report.done.iter().filter(|(_, action)| *action == wanted).count();
    let adopted = match count(Action::Adopt) {
        0 => String::new(),
        adopted => format!(", {adopted} adopted"),
    };
    let run = match count(Action::Run) {
        0 => String::new(),
        run => format!(", {run} run"),
    };
    let ready = match report.ready.len() {
        0 => String::new(),
        ready => format!(", {ready} ready at last"),
    };
    let unseen = match report.unseen.len() {
        0 => String::new(),
        unseen => format!(", {unseen} not looked at"),
    };
    let story = format!(
        "{} added{adopted}, {} changed, {} replaced{run}, {} destroyed{ready}{unseen}",
        count(Action::Create),
        count(Action::Update),
        count(Action::Replace),
        count(Action::Delete)
    );
    if report.is_complete() {
        text.line(Label::Strong, format!("Done: {story}."));
        return text;
    }
    let word = if report.stopped { "Stopped" } else { "Not complete" };
    let unwaited = match report.unwaited.len() {
        0 => String::new(),
        count => format!(", {count} written and not waited for"),
    };
    let asked = match report.asked.len() {
        0 => String::new(),
        count => format!(", {count} asked of a person and not waited for"),
    };
    let leaving = match report.leaving.len() {
        0 => String::new(),
        count => format!(", {count} being deleted and not waited for"),
    };
    let (failed, skipped) = (report.failed.len(), report.skipped.len());
    text.line(
        Label::Error,
        format!("{word}: {story}; {failed} failed{unwaited}{asked}{leaving}, {skipped} not tried."),
    );
    text.line(Label::Plain, "What was done is recorded; the next plan goes on from here.");
    text
}
