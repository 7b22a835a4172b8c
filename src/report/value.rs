//! How a field's value is shown.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::escape::escape;
use super::styled::{Label, Styled};
use crate::plan::{After, Cause, FieldChange};

/// Lines of context around a changed line of a long text.
const CONTEXT: usize = 2;

/// One changed field, indented, with a line of its own (or several, for long texts).
pub(super) fn field(change: &FieldChange, indent: &str) -> Styled {
    let mut text = Styled::default();
    let (symbol, label) = match (&change.before, &change.after) {
        (None, _) => ("+", Label::Add),
        (Some(_), After::Absent) => ("-", Label::Destroy),
        (Some(_), _) => ("~", Label::Change),
    };
    text.push(label, format!("{indent}{symbol} ")).push(Label::Plain, escape(&change.path.to_string()));
    if let Some((before, after)) = long_texts(change) {
        text.push(Label::Plain, ":");
        ending(&mut text, change);
        text.append(line_diff(before, after, &format!("{indent}    ")));
        return text;
    }
    text.push(Label::Plain, ": ");
    match (&change.before, &change.after) {
        _ if change.sensitive => {
            let story = match (&change.before, &change.after) {
                (None, _) => "(sensitive)",
                (Some(_), After::Absent) => "(sensitive, removed)",
                (Some(_), _) => "(sensitive, changed)",
            };
            text.push(Label::Dim, story);
        }
        (None, after) => drop(text.push(Label::Plain, shown(after))),
        (Some(before), After::Absent) => drop(text.push(Label::Plain, one_line(before))),
        (Some(before), after) => {
            text.push(Label::Plain, one_line(before))
                .push(Label::Dim, " -> ")
                .push(Label::Plain, shown(after));
        }
    }
    ending(&mut text, change);
    text
}

fn ending(text: &mut Styled, change: &FieldChange) {
    if change.forces_replacement {
        text.push(Label::Destroy, "  (forces replacement)");
    }
    if let Some(story) = whose(&change.cause) {
        text.push(Label::Dim, format!("  ({})", escape(&story)));
    }
    text.end();
}

/// Whose change it is, unless it is the reader's own.
fn whose(cause: &Cause) -> Option<String> {
    let (word, by) = match cause {
        Cause::Yours => return None,
        Cause::Drift { by } => ("drift", by),
        Cause::Conflict { by } => ("conflict", by),
    };
    let managers: Vec<&str> = by.iter().map(|hand| hand.manager.as_str()).collect();
    let managers = if managers.is_empty() { "unknown".to_owned() } else { managers.join(", ") };
    Some(format!("{word}: by {managers}"))
}

fn shown(after: &After) -> String {
    match after {
        After::Value(value) => one_line(value),
        After::Absent => "(none)".to_owned(),
        After::Unknown(expression) => format!("(known after apply: {})", escape(expression)),
    }
}

/// A value in one line.
pub(super) fn one_line(value: &Value) -> String {
    escape(&value.to_string())
}

/// Both texts, where the value is worth a diff of its lines.
fn long_texts(change: &FieldChange) -> Option<(&str, &str)> {
    if change.sensitive {
        return None;
    }
    let before = match &change.before {
        None => "",
        Some(value) => value.as_str()?,
    };
    let after = match &change.after {
        After::Value(value) => value.as_str()?,
        After::Absent => "",
        After::Unknown(_) => return None,
    };
    (before.contains('\n') || after.contains('\n')).then_some((before, after))
}

/// Two texts by their changed lines, with some context.
pub(super) fn line_diff(before: &str, after: &str, indent: &str) -> Styled {
    let mut text = Styled::default();
    let diff = TextDiff::from_lines(before, after);
    for (i, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if i > 0 {
            text.line(Label::Dim, format!("{indent}  ..."));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, label) = match change.tag() {
                ChangeTag::Delete => ("-", Label::Destroy),
                ChangeTag::Insert => ("+", Label::Add),
                ChangeTag::Equal => (" ", Label::Dim),
            };
            let line = change.value().trim_end_matches('\n');
            text.line(label, format!("{indent}{sign} {}", escape(line)).trim_end());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn change(before: Option<Value>, after: After) -> FieldChange {
        let path = "data[\"config.yml\"]".parse().unwrap();
        FieldChange {
            path,
            before,
            after,
            sensitive: false,
            origin: None,
            forces_replacement: false,
            cause: Cause::Yours,
            keep: None,
        }
    }

    #[test]
    fn long_texts_are_shown_by_their_changed_lines() {
        let before = (0..12).fold(String::new(), |text, n| format!("{text}line {n}\n"));
        let after = before.replace("line 6", "line six");
        let text = field(&change(Some(json!(before)), After::Value(json!(after))), "  ").to_string();
        insta::assert_snapshot!(text, @r#"
          ~ data["config.yml"]:
                line 4
                line 5
              - line 6
              + line six
                line 7
                line 8
        "#);
    }

    #[test]
    fn secrets_are_never_shown() {
        let sensitive =
            |before, after| field(&FieldChange { sensitive: true, ..change(before, after) }, "").to_string();
        let secret = || json!("hunter2\nhunter3");
        for text in [
            sensitive(Some(secret()), After::Value(json!("hunter4"))),
            sensitive(None, After::Value(secret())),
            sensitive(Some(secret()), After::Absent),
        ] {
            assert!(!text.contains("hunter"), "{text}");
            assert!(text.contains("(sensitive"), "{text}");
        }
    }
}
