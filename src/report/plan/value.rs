//! Shows the values of a changed field.

use crate::report::plan::reasons;
use serde_json::Value;

use crate::plan::{After, Cause, FieldChange, SchemaChange, UnknownValue, UserFate};
use crate::report::format::diff::line_diff;
use crate::report::format::escape::escape;
use crate::report::format::layout::{Breaking, fit, width_of};
use crate::report::format::page::Page;
use crate::report::format::styled::{Label, Styled};
use crate::report::plan::schema;
use crate::report::plan::words;
use crate::resource::{FieldPath, Segment};

/// The most characters of a value; longer values are shown in part.
const LONGEST: usize = 240;
/// How many characters of a long value are shown before the place where it differs.
const LEAD: usize = 40;
/// By how many columns the lines about a field are indented below it.
const BELOW: usize = 4;

/// One changed field, in one line or in several: its values, and who changed it.
pub(in crate::report) fn field(change: &FieldChange, indent: usize, page: Page<'_>) -> Styled {
    let below = indent + BELOW;
    let (sign, label) = sign(change);
    let path = escape(&change.path.to_string());
    let mut head = Styled::default();
    head.push(label, format!("{:indent$}{sign} ", "")).push(Label::Plain, format!("{path}:"));
    let used = indent + 2 + width_of(&path) + 1;
    let mut text = fit(&head, page.width, below, Breaking::Anywhere);
    let mut room = page.width.saturating_sub(used);
    if let Some((before, after)) = long_texts(change) {
        notes(&mut text, change, &mut room, below, page);
        text.end().append(line_diff(before, after, below, page.width));
    } else {
        let (before, after) = values(change);
        let sides = [before.as_deref(), after.as_deref()];
        let width = sides.iter().flatten().map(|side| width_of(side)).sum::<usize>();
        let arrow = if before.is_some() && after.is_some() { " -> ".len() } else { 0 };
        if 1 + width + arrow <= room {
            text.push(Label::Plain, " ").append(together(sides));
            room -= 1 + width + arrow;
        } else if below + width + arrow <= page.width {
            text.end().push(Label::Plain, " ".repeat(below)).append(together(sides));
            room = page.width - below - width - arrow;
        } else {
            text.append(apart(sides, below, page.width));
            room = 0;
        }
        notes(&mut text, change, &mut room, below, page);
        text.end();
    }
    text.append(others(&change.cause, words::keep(change, page.places), below, page));
    text
}

/// A schema, in one line, and who changed it.
pub(in crate::report) fn schema(change: &SchemaChange, indent: usize, page: Page<'_>) -> Styled {
    let (sign, label) = match (&change.before, &change.after) {
        (None, _) => ("+", Label::Add),
        (Some(_), None) => ("-", Label::Destroy),
        (Some(_), Some(_)) => ("~", Label::Change),
    };
    let mut line = Styled::default();
    line.push(label, format!("{:indent$}{sign} ", ""));
    line.push(Label::Plain, format!("{}: {}", escape(&change.path.to_string()), schema::change(change)));
    let mut text = fit(&line, page.width, indent + BELOW, Breaking::Anywhere);
    text.end().append(others(&change.cause, None, indent + BELOW, page));
    text
}

/// The symbol of what happens to a field.
pub(in crate::report) fn sign(change: &FieldChange) -> (&'static str, Label) {
    match (&change.before, &change.after) {
        (None, _) => ("+", Label::Add),
        (Some(_), After::Absent) => ("-", Label::Destroy),
        (Some(_), _) => ("~", Label::Change),
    }
}

/// Both values in one line each; a secret is described in words. A value that the sign tells already is left
/// out.
pub(in crate::report) fn values(change: &FieldChange) -> (Option<String>, Option<String>) {
    if change.sensitive {
        let story = match (&change.before, &change.after) {
            (None, _) => "(sensitive)",
            (Some(_), After::Absent) => "(sensitive, removed)",
            (Some(_), _) => "(sensitive, changed)",
        };
        let story = match changed_users(change) {
            Some(users) => format!("{story}: {users}"),
            None => story.to_owned(),
        };
        return (None, Some(story));
    }
    let shown = |value: &Value| mode(&change.path, value).unwrap_or_else(|| one_line(value));
    let after = match &change.after {
        After::Value(value) => Some(shown(value)),
        After::Absent => None,
        After::Unknown(value) => Some(escape(&unknown_text(value))),
    };
    match (change.before.as_ref().map(shown), after) {
        (Some(before), Some(after)) => {
            let (before, after) = pair(&before, &after);
            (Some(before), Some(after))
        }
        (None, None) => (None, Some("(none)".to_owned())),
        (before, after) => (before.map(|text| part(&text, 0)), after.map(|text| part(&text, 0))),
    }
}

/// The users of an htpasswd file that change: `alice removed, ci changed`.
fn changed_users(change: &FieldChange) -> Option<String> {
    let users = change.users.iter().map(|user| {
        let fate = match user.change {
            UserFate::Added => "added",
            UserFate::Changed => "changed",
            UserFate::Removed => "removed",
        };
        format!("{} {fate}", escape(&user.name))
    });
    let users: Vec<String> = users.collect();
    (!users.is_empty()).then(|| users.join(", "))
}

/// What stands for a value that is not known yet; not escaped.
pub(in crate::report) fn unknown_text(value: &UnknownValue) -> String {
    format!("(known after apply: {})", reasons::unknown(value))
}

/// The mode of a file as people write it: `0440`. `None` for every other value.
pub(in crate::report) fn mode(path: &FieldPath, value: &Value) -> Option<String> {
    let [.., Segment::Key(key)] = path.segments() else { return None };
    // Only of a volume, or of an item of one: custom resources call other things a mode.
    let is_of_volume = path.segments().contains(&Segment::Key("volumes".to_owned()));
    let is_mode = is_of_volume && (key == "defaultMode" || key == "mode");
    let bits = value.as_u64().filter(|bits| is_mode && *bits <= 0o7777)?;
    Some(format!("{bits:04o}"))
}

fn together(sides: [Option<&str>; 2]) -> Styled {
    let mut text = Styled::default();
    for (at, side) in sides.into_iter().flatten().enumerate() {
        if at > 0 {
            text.push(Label::Dim, " -> ");
        }
        text.push(Label::Plain, side);
    }
    text
}

/// Each value on its own lines below the path.
fn apart(sides: [Option<&str>; 2], indent: usize, width: usize) -> Styled {
    let mut text = Styled::default();
    for (at, side) in sides.into_iter().flatten().enumerate() {
        let mut line = Styled::default();
        line.push(Label::Plain, " ".repeat(indent)).push(Label::Dim, if at > 0 { "-> " } else { "" });
        line.push(Label::Plain, side);
        text.end().append(fit(&line, width, indent + 3, Breaking::Anywhere));
    }
    text
}

/// Remarks after a value, or below it where there is no room.
fn notes(text: &mut Styled, change: &FieldChange, room: &mut usize, below: usize, page: Page<'_>) {
    let forces = change.forces_replacement.then(|| (Label::Destroy, "forces replacement".to_owned()));
    let yours = words::yours(change, page.places);
    for (label, note) in forces.into_iter().chain(yours.map(|note| (Label::Dim, note))) {
        let note = format!("({})", escape(&note));
        let width = width_of(&note);
        if 2 + width <= *room {
            text.push(label, format!("  {note}"));
            *room -= 2 + width;
        } else {
            let line = Styled::default().push(label, format!("{:below$}{note}", "")).clone();
            text.end().append(fit(&line, page.width, below, Breaking::Anywhere));
            *room = page.width.saturating_sub(below + width);
        }
    }
}

/// Who changed something, where it was not the user's own configuration, and how to keep that change.
fn others(cause: &Cause, keep: Option<String>, indent: usize, page: Page<'_>) -> Styled {
    let mut text = Styled::default();
    let keep = keep.map(|line| format!("keep it: {line}"));
    for line in words::whose(cause).into_iter().chain(keep) {
        let mut whole = Styled::default();
        whole.push(Label::Dim, format!("{:indent$}{}", "", escape(&line)));
        text.append(fit(&whole, page.width, indent + BELOW, Breaking::Words)).end();
    }
    text
}

/// A value in one line.
pub(in crate::report) fn one_line(value: &Value) -> String {
    escape(&value.to_string())
}

/// Two values in one line each. Long ones are shown around the place where they differ.
fn pair(before: &str, after: &str) -> (String, String) {
    let same = before.chars().zip(after.chars()).take_while(|(one, other)| one == other).count();
    (part(before, same), part(after, same))
}

/// A value. Of a long one, the part around the character with the index `at`, and how much is left out.
fn part(text: &str, at: usize) -> String {
    let all = text.chars().count();
    if all <= LONGEST {
        return text.to_owned();
    }
    let begin = at.saturating_sub(LEAD).min(all - LONGEST);
    let shown: String = text.chars().skip(begin).take(LONGEST).collect();
    let rest = all - begin - LONGEST;
    let before = if begin > 0 { format!("({begin} characters) …") } else { String::new() };
    let behind = if rest > 0 { format!("… ({rest} characters)") } else { String::new() };
    format!("{before}{shown}{behind}")
}

/// Both values, where they are long texts that are better shown as a diff of lines.
pub(in crate::report) fn long_texts(change: &FieldChange) -> Option<(&str, &str)> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Level;
    use serde_json::json;

    fn change(before: Option<Value>, after: After) -> FieldChange {
        FieldChange::new("data[\"config.yml\"]".parse().unwrap(), before, after)
    }

    fn shown(change: &FieldChange) -> String {
        field(change, 2, Page { width: 60, level: &Level::Full, places: &|_| None }).to_string()
    }

    #[test]
    fn long_texts_are_shown_by_their_changed_lines() {
        let before = (0..12).fold(String::new(), |text, n| format!("{text}line {n}\n"));
        let after = before.replace("line 6", "line six");
        let text = shown(&change(Some(json!(before)), After::Value(json!(after))));
        insta::assert_snapshot!(text, @r#"
          ~ data["config.yml"]:  (yours)
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
        let sensitive = |before, after| shown(&FieldChange { sensitive: true, ..change(before, after) });
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

    #[test]
    fn only_modes_of_volumes_are_octal() {
        let shown = |path: &str| {
            shown(&FieldChange::new(path.parse().unwrap(), Some(json!(288)), After::Value(json!(420))))
        };
        assert!(shown("spec.volumes[v].secret.defaultMode").contains("0440 -> 0644"));
        assert!(shown("spec.volumes[v].secret.items[k].mode").contains("0440 -> 0644"));
        assert!(shown("spec.defaultMode").contains("288 -> 420"), "a custom resource means something else");
        assert!(shown("spec.volumes[v].secret.size").contains("288 -> 420"));
    }
}
