//! What a chart is rendered with: its files of values and the values of the block, with secrets put in.

use std::path::Path;

use serde_json::{Value, json};

use super::ChartSpec;
use crate::blocks::block_type::CompileContext;
use crate::blocks::codes;
use crate::blocks::draft::{Addressing, Draft};
use crate::blocks::facts::{Fact, HiddenText, ManifestFile, Need};
use crate::blocks::keys::{each_value, item_span, key_text, span_of};
use crate::blocks::substitution::Substitution;
use crate::blocks::value_words::describe;
use crate::config::{Block, NodeValue};
use crate::diagnostic::Diagnostic;
use crate::resource::{FieldPath, Origin};

/// The values of a chart.
pub(super) struct ChartValues {
    /// As they are sent to Helm: JSON.
    pub(super) sent: HiddenText,
    /// The same with another text in the place of each secret; `None` where there is no secret.
    pub(super) substituted: Option<HiddenText>,
    /// The same without its secrets.
    pub(super) open: Value,
    /// A value among them that is not known; a placeholder stands for it.
    pub(super) unknown: Option<UnknownValue>,
    /// The texts that are secret.
    pub(super) secrets: Vec<String>,
}

/// A value that is not known.
pub(super) struct UnknownValue {
    /// Why.
    pub(super) reason: String,
    /// Whether it is a secret.
    is_secret: bool,
}

impl UnknownValue {
    /// What it may have to do with a chart that cannot be rendered.
    pub(super) fn help(&self) -> String {
        let what = if self.is_secret { "a secret" } else { "a value" };
        format!(
            "it may be that the chart takes no placeholder, and one stands for {what} that is not known: {}",
            self.reason
        )
    }
}

/// The values; `None` where they are not known yet, or something is wrong with them.
pub(super) fn values(
    block: &Block,
    spec: &ChartSpec,
    context: &CompileContext<'_>,
    mistakes: &mut Vec<Diagnostic>,
) -> Option<ChartValues> {
    let mut all = spec.preset_values.clone();
    for (index, path) in spec.values_files.iter().enumerate() {
        match of_file(path, context)? {
            Ok(values) => merge(&mut all, values),
            Err(reason) => {
                let at = item_span(block, ["values_files"], index);
                mistakes.push(Diagnostic::error(codes::BAD_FILE, reason).at(at, ""));
                return None;
            }
        }
    }
    let draft = inline(block, context, mistakes)?;
    let (mut substituted, mut open) = (all.clone(), all.clone());
    let mut own = draft.object;
    merge(&mut all, own.clone());
    let mut without = own.clone();
    let unchecked = draft.unchecked.iter().map(|(path, _)| path);
    for path in draft.sensitive.iter().map(|(path, ())| path).chain(unchecked) {
        path.set(&mut without, Value::Null);
    }
    merge(&mut open, without);
    let mut secrets = Vec::new();
    for (path, ()) in draft.sensitive.iter() {
        if let Some(Value::String(text)) = path.get_mut(&mut own) {
            secrets.push(text.clone());
            *text = another(text);
        }
    }
    merge(&mut substituted, own);
    Some(ChartValues {
        sent: hidden(&all),
        substituted: (!draft.sensitive.is_empty()).then(|| hidden(&substituted)),
        open,
        unknown: draft.unchecked.iter().next().map(|(path, unchecked)| UnknownValue {
            reason: unchecked.reason.clone(),
            is_secret: draft.sensitive.nearest(path).is_some(),
        }),
        secrets,
    })
}

fn hidden(values: &Value) -> HiddenText {
    HiddenText(values.to_string().into())
}

/// The values of the block itself, with what their texts refer to.
fn inline(block: &Block, context: &CompileContext<'_>, mistakes: &mut Vec<Diagnostic>) -> Option<Draft> {
    let node = block.body.at(["values"]);
    let values = node.map_or_else(|| json!({}), crate::config::Node::to_json);
    let within = FieldPath::keys(["values"]);
    let origin = Origin::of_key(key_text(block, &within), Some(span_of(block, ["values"])));
    let mut draft = Draft::of(values, origin, Addressing::AsBlock, "");
    let before = mistakes.len();
    if let Some(node) = node {
        each_value(&FieldPath::root(), node, &mut |path, span, node| {
            if let NodeValue::Float(number) = &node.value
                && !number.is_finite()
            {
                let message = format!(
                    "`{}` is {number}, which no chart can take",
                    key_text(block, &within.join_all(path))
                );
                mistakes.push(Diagnostic::error(codes::BAD_VALUE, message).at(node.span, ""));
            }
            draft
                .origins
                .insert(path.clone(), Origin::of_key(key_text(block, &within.join_all(path)), Some(span)));
        });
    }
    Substitution { context: *context }.apply(&mut draft, mistakes);
    for (path, _) in draft.unresolved.iter() {
        let message = format!(
            "`{}` is known only after an apply, and a chart is rendered before",
            key_text(block, &within.join_all(path))
        );
        mistakes.push(
            Diagnostic::error(codes::REFERENCE_NOT_EXPECTED, message)
                .at_opt(draft.span(path), "")
                .help("apply what it comes from first (`--target`), and write the value itself here"),
        );
    }
    (mistakes.len() == before).then_some(draft)
}

/// The values in a file; `None` where it has not been read yet.
fn of_file(path: &Path, context: &CompileContext<'_>) -> Option<Result<Value, String>> {
    let text = match context.facts.get(&Need::File(path.to_owned()))? {
        Fact::File(text) => text,
        Fact::Failed(reason) => return Some(Err(reason.clone())),
        _ => return None,
    };
    let shown = path.display();
    let documents = match ManifestFile::parse(path.to_owned(), text.as_bytes()).documents {
        Ok(documents) => documents,
        Err(error) => return Some(Err(format!("{shown}{error}"))),
    };
    let mut values = documents.into_iter().map(|document| document.object);
    Some(match (values.next(), values.next()) {
        (None, _) => Ok(json!({})),
        (Some(values @ Value::Object(_)), None) => Ok(values),
        (Some(other), None) => Err(format!("{shown}: values are a table, and this is {}", describe(&other))),
        (Some(_), Some(_)) => Err(format!("{shown}: it has several documents, and values are one")),
    })
}

/// Puts values over others, as Helm does: tables are merged, everything else is replaced. A `null` stays: Helm then
/// takes away the chart's own default.
fn merge(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                match below.get_mut(&key) {
                    Some(slot) => merge(slot, value),
                    None => drop(below.insert(key, value)),
                }
            }
        }
        (below, above) => *below = above,
    }
}

/// Another text of the same shape: a chart may check how long a text is, or of which characters. Where nothing can be
/// changed so, it is longer.
fn another(text: &str) -> String {
    let turned: String = text.chars().map(turned).collect();
    if turned == text { format!("{text}x") } else { turned }
}

/// The letter or digit that stands half the alphabet away, or another letter for one of another alphabet.
fn turned(letter: char) -> char {
    let turn = |first: u8, count: u8, byte: u8| char::from(first + (byte - first + count / 2) % count);
    match letter {
        'a'..='z' => turn(b'a', 26, letter as u8),
        'A'..='Z' => turn(b'A', 26, letter as u8),
        '0'..='9' => turn(b'0', 10, letter as u8),
        letter if letter.is_alphabetic() => {
            if letter == 'ß' {
                'þ'
            } else {
                'ß'
            }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_merged_and_everything_else_is_replaced() {
        let mut values = json!({"a": {"b": 1, "c": [1, 2]}, "d": 1});
        merge(&mut values, json!({"a": {"c": [3], "e": null}, "d": {"f": 1}}));
        assert_eq!(values, json!({"a": {"b": 1, "c": [3], "e": null}, "d": {"f": 1}}));
    }

    #[test]
    fn another_text_has_the_same_shape_and_no_letter_in_its_place() {
        assert_eq!(another("Ab-9 z"), "No-4 m");
        assert_eq!(another("--"), "--x");
        assert_eq!(another(""), "x");
    }
}
