//! Revisions, as text and as JSON: when, by whom, what.

use serde_json::{Value, json};

use crate::plan::{Difference, compare};
use crate::report::drift::text::interruption;
use crate::report::format::escape::escape;
use crate::report::format::layout::{Breaking, fit};
use crate::report::format::styled::{Label, Styled};
use crate::report::open_run::unfinished_json;
use crate::report::plan::value::one_line;
use crate::resource::{Address, WITHHELD, to_the_second};
use crate::state::{IntentKind, OpenRun, Revision, RevisionHead, RevisionSummary, Unfinished};

/// The version of the JSON. It is raised when an existing key changes its meaning or is removed.
pub const HISTORY_FORMAT_VERSION: &str = "1";

/// How many characters of a digest are shown, as a short name.
const SHORT: usize = 12;
/// The column at which the fields of a resource begin.
const INDENT: usize = 6;

/// The revisions, the oldest first: one line each. Below them is told of a run that did not complete, with what has become
/// of it.
pub fn history_text(heads: &[RevisionHead], unfinished: Option<(&Unfinished, &OpenRun)>) -> Styled {
    let mut text = Styled::default();
    if heads.is_empty() {
        text.line(Label::Plain, "No apply has completed yet.");
    }
    let width =
        |of: fn(&RevisionHead) -> &str| heads.iter().map(|head| of(head).chars().count()).max().unwrap_or(0);
    let (by, command) = (width(|head| &head.by), width(|head| &head.command));
    for head in heads {
        text.push(Label::Strong, format!("{:>4}", head.number));
        text.push(Label::Plain, format!("  {}  {:by$}", to_the_second(head.at), escape(&head.by)));
        text.push(Label::Plain, format!("  {:command$}", escape(&head.command)));
        text.push(Label::Dim, format!("  {}", short(&head.plan)));
        text.line(Label::Plain, format!("  {}", counts(&head.summary)));
    }
    if let Some((run, fate)) = unfinished {
        let story = interruption(run, fate);
        text.push(Label::Warning, "Note: ")
            .line(Label::Plain, escape(&format!("{story}; it has no revision.")));
    }
    text
}

/// The revisions as JSON.
pub fn history_json(heads: &[RevisionHead], unfinished: Option<(&Unfinished, &OpenRun)>) -> Value {
    json!({
        "format_version": HISTORY_FORMAT_VERSION,
        "revisions": heads,
        "unfinished_run": unfinished.map(|(run, fate)| unfinished_json(run, fate)),
    })
}

/// What is told of one revision: when, by whom, by which command.
pub fn revision_head_text(revision: &Revision) -> Styled {
    let head = &revision.head;
    let mut text = Styled::default();
    text.push(Label::Strong, format!("Revision {}", head.number));
    text.line(
        Label::Plain,
        format!("  {} by {} ({})", to_the_second(head.at), escape(&head.by), escape(&head.command)),
    );
    text.line(Label::Dim, format!("plan {}", head.plan));
    text.line(Label::Dim, format!("configuration {}", head.configuration));
    text.end();
    text
}

/// What changed with one revision; `before` is the one before it, where it is still kept.
pub fn revision_text(revision: &Revision, before: Option<&Revision>, width: usize) -> Styled {
    let head = &revision.head;
    let mut text = revision_head_text(revision);
    // Those between them are damaged.
    if let Some(before) = before.filter(|before| before.head.number + 1 < head.number) {
        text.line(Label::Plain, format!("compared with revision {}", before.head.number)).end();
    }
    let changed = head.all_changed();
    for (address, kind) in &changed {
        let (sign, label, verb) = story(*kind);
        text.push(label, format!("{sign:>3} ")).push(Label::Strong, address.to_string());
        text.line(label, format!("  {verb}"));
        for difference in differences(address, revision, before) {
            let mut line = Styled::default();
            line.push(Label::Plain, format!("{:INDENT$}{}", "", escape(&worded(&difference))));
            text.append(fit(&line, width, INDENT + 4, Breaking::Anywhere)).end();
        }
    }
    if !changed.is_empty() {
        text.end();
    }
    text.line(Label::Strong, format!("Revision {}: {}.", head.number, counts(&head.summary)));
    text
}

/// The same as JSON, without any secret value.
pub fn revision_json(revision: &Revision, before: Option<&Revision>) -> Value {
    let changed = revision.head.all_changed();
    let changed = changed.iter().map(|(address, kind)| {
        let fields = differences(address, revision, before)
            .into_iter()
            .map(|one| json!({"path": one.path, "before": one.before, "after": one.after}));
        json!({"address": address, "kind": kind, "fields": fields.collect::<Vec<_>>()})
    });
    json!({
        "format_version": HISTORY_FORMAT_VERSION,
        "revision": revision.head,
        "compared_with": before.map(|before| before.head.number),
        "changes": changed.collect::<Vec<_>>(),
    })
}

/// What was desired of a resource at this revision and not at the one before. A resource that is new has no
/// differences: all of it is.
fn differences(address: &Address, revision: &Revision, before: Option<&Revision>) -> Vec<Difference> {
    let now = revision.desired.get(address);
    let then = before.and_then(|before| before.desired.get(address));
    match (then, now) {
        (Some(then), Some(now)) => compare(&then.object, &now.object),
        _ => Vec::new(),
    }
}

fn worded(difference: &Difference) -> String {
    let shown = |value: &Option<Value>| match value {
        Some(Value::String(text)) if text == WITHHELD => WITHHELD.to_owned(),
        Some(value) => one_line(value),
        None => "(none)".to_owned(),
    };
    format!("{}: {} -> {}", difference.path, shown(&difference.before), shown(&difference.after))
}

fn story(kind: IntentKind) -> (&'static str, Label, &'static str) {
    match kind {
        IntentKind::Create => ("+", Label::Add, "created"),
        IntentKind::Update => ("~", Label::Change, "updated"),
        IntentKind::Replace => ("-/+", Label::Destroy, "replaced"),
        IntentKind::Run => ("▸", Label::Add, "run"),
        IntentKind::Adopt => ("&", Label::Change, "adopted"),
        IntentKind::Delete => ("-", Label::Destroy, "deleted"),
        IntentKind::Move => ("=", Label::Dim, "moved"),
        IntentKind::Forget => ("=", Label::Dim, "forgotten"),
    }
}

/// The counts that are not 0.
fn counts(summary: &RevisionSummary) -> String {
    let RevisionSummary { created, updated, replaced, run, adopted, deleted, moved, forgotten } = *summary;
    let all = [
        (created, "added"),
        (adopted, "adopted"),
        (updated, "changed"),
        (replaced, "replaced"),
        (run, "run"),
        (deleted, "destroyed"),
        (moved, "moved"),
        (forgotten, "forgotten"),
    ];
    let told: Vec<String> = all
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if told.is_empty() { "nothing changed".to_owned() } else { told.join(", ") }
}

/// The short name of a digest: its first characters.
fn short(digest: &str) -> String {
    digest.strip_prefix("sha256:").unwrap_or(digest).chars().take(SHORT).collect()
}
