//! The fields of an object that is created, as the YAML that a person would write.

use serde_json::Value;

use crate::plan::{After, Change, FieldChange};
use crate::report::format::layout::{Breaking, fit};
use crate::report::format::page::Page;
use crate::report::format::styled::{Label, Styled};
use crate::report::plan::schema;
use crate::report::plan::value::{mode, unknown_text};
use crate::resource::Segment;

/// The labels that every object of a registry or a chart has, and that say nothing of this one.
const USUAL_LABELS: &str = "app.kubernetes.io/";
/// The beginning of our own annotations.
const OURS: &str = "regplan.dev/";

/// A part of the object: what is below a step, or a value.
enum Node<'p> {
    Branch(Vec<(&'p Segment, Node<'p>)>),
    Leaf(Vec<String>),
}

/// One line of the content.
pub(in crate::report) struct ContentLine {
    /// How many levels deep it stands.
    pub(in crate::report) depth: usize,
    /// Its text: `image: registry:3.1.1`.
    pub(in crate::report) text: String,
}

/// What is created, line by line. Usual labels and our own annotations are left out; a schema is one line.
pub(in crate::report) fn lines(change: &Change) -> Vec<ContentLine> {
    let mut root = Node::Branch(Vec::new());
    for field in change.single_fields().filter(|field| !goes_without_saying(field)) {
        root.insert(field.path.segments(), leaf(field));
    }
    for schema in &change.schemas {
        root.insert(schema.path.segments(), vec![format!("({})", schema::change(schema))]);
    }
    let mut lines = Vec::new();
    root.write(0, &mut lines);
    lines
}

/// The content as text, each line with its sign.
pub(in crate::report) fn text(change: &Change, indent: usize, page: Page<'_>) -> Styled {
    let mut text = Styled::default();
    for ContentLine { depth, text: content } in lines(change) {
        let indent = indent + 2 + 2 * depth;
        let mut line = Styled::default();
        line.push(Label::Add, format!("{:width$}+ ", "", width = indent - 2 - 2 * depth));
        line.push(Label::Plain, format!("{:width$}{content}", "", width = 2 * depth));
        text.append(fit(&line, page.width, indent + 4, Breaking::Anywhere)).end();
    }
    text
}

fn goes_without_saying(field: &FieldChange) -> bool {
    let segments = field.path.segments();
    match segments {
        [.., Segment::Key(map), Segment::Key(key)]
            if map == "labels" || map == "matchLabels" || map == "selector" =>
        {
            key.starts_with(USUAL_LABELS)
        }
        [.., Segment::Key(map), Segment::Key(key)] if map == "annotations" => key.starts_with(OURS),
        _ => false,
    }
}

impl<'p> Node<'p> {
    fn insert(&mut self, path: &'p [Segment], value: Vec<String>) {
        let Some((step, rest)) = path.split_first() else {
            *self = Node::Leaf(value);
            return;
        };
        // A value with something below it does not occur; if it did, the value is kept.
        let Node::Branch(children) = self else { return };
        let known = children.iter().position(|(at, _)| *at == step);
        let place = known.unwrap_or_else(|| {
            children.push((step, Node::Branch(Vec::new())));
            children.len() - 1
        });
        if let Some((_, child)) = children.get_mut(place) {
            child.insert(rest, value);
        }
    }

    fn write(&self, depth: usize, lines: &mut Vec<ContentLine>) {
        let Node::Branch(children) = self else { return };
        for (step, child) in children {
            match step {
                Segment::Key(key) => child.write_below(&format!("{}:", scalar(key)), depth, lines),
                Segment::Index(_) | Segment::Item(_) => child.write_item(depth, lines),
            }
        }
    }

    /// A key, with its value in the same line or below it.
    fn write_below(&self, key: &str, depth: usize, lines: &mut Vec<ContentLine>) {
        match self {
            Node::Leaf(value) => {
                let (first, rest) =
                    value.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
                lines.push(ContentLine { depth, text: format!("{key} {first}") });
                lines.extend(rest.iter().map(|text| ContentLine { depth: depth + 1, text: text.clone() }));
            }
            Node::Branch(_) => {
                lines.push(ContentLine { depth, text: key.to_owned() });
                self.write(depth + 1, lines);
            }
        }
    }

    /// An item of a list: its first line has the dash.
    fn write_item(&self, depth: usize, lines: &mut Vec<ContentLine>) {
        let first = lines.len();
        match self {
            Node::Leaf(value) => {
                lines.extend(value.iter().map(|text| ContentLine { depth: depth + 1, text: text.clone() }));
            }
            Node::Branch(_) => self.write(depth + 1, lines),
        }
        if let Some(line) = lines.get_mut(first) {
            line.depth = depth;
            line.text.insert_str(0, "- ");
        }
    }
}

/// A value in lines. A text of several lines begins with `|`.
fn leaf(field: &FieldChange) -> Vec<String> {
    let value = match &field.after {
        After::Absent => return vec!["(none)".to_owned()],
        After::Unknown(unknown) => return vec![unknown_text(unknown)],
        After::Value(_) if field.sensitive => return vec!["(sensitive)".to_owned()],
        After::Value(value) => value,
    };
    if let Some(mode) = mode(&field.path, value) {
        return vec![mode];
    }
    match value {
        Value::String(text) if text.contains('\n') => {
            std::iter::once("|".to_owned()).chain(text.lines().map(str::to_owned)).collect()
        }
        Value::String(text) => vec![scalar(text)],
        other => vec![other.to_string()],
    }
}

/// A text as YAML has it: with quotes only where it would be read as something else without them.
fn scalar(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    match serde_saphyr::to_string(&text) {
        Ok(written) if written.trim_end() == text => text.to_owned(),
        _ => quoted,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::Action;
    use crate::report::plan::sample;

    #[test]
    fn what_is_created_is_shown_as_the_yaml_of_it() {
        let field = |path: &str, value: Value| sample::field(path, None, After::Value(value));
        let fields = vec![
            field("data[\"config.yml\"]", json!("a: 1\nb: 2\n")),
            field("metadata.annotations[\"regplan.dev/checksum\"]", json!("x")),
            field("metadata.labels[\"app.kubernetes.io/name\"]", json!("registry")),
            field("metadata.labels.team", json!("7")),
            field("spec.containers[a].args", json!(["serve", "x"])),
            field("spec.containers[a].name", json!("a")),
            field("spec.containers[a].env[B].value", json!("yes")),
            field("spec.volumes[v].secret.defaultMode", json!(288)),
            FieldChange { sensitive: true, ..field("stringData.password", json!("hunter2")) },
        ];
        let change = sample::change("web", Action::Create, fields);
        let page = Page { width: 80, level: &crate::report::Level::Full, places: &|_| None };
        insta::assert_snapshot!(text(&change, 2, page).to_string(), @r#"
          + data:
          +   config.yml: |
          +     a: 1
          +     b: 2
          + metadata:
          +   labels:
          +     team: "7"
          + spec:
          +   containers:
          +     - args: ["serve","x"]
          +       name: a
          +       env:
          +         - value: "yes"
          +   volumes:
          +     - secret:
          +         defaultMode: 0440
          + stringData:
          +   password: (sensitive)
        "#);
    }
}
