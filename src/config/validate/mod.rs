//! Each table against the JSON Schema of its type: every error, in our words and at its place.

mod alternatives;
mod key_context;
mod values;
mod words;

use std::collections::BTreeSet;

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{Draft, ValidationError};
use serde_json::Value;

use super::codes;
use super::login::hides;
use super::markers::{RULE, SECRET_SOURCE};
use super::node::{Node, Table};
use super::shape::Shape;
use crate::diagnostic::nearest::{list, nearest};
use crate::diagnostic::{Diagnostic, Span};
use crate::resource::{FieldPath, Segment};
use alternatives::{best_alternative, flattened, place};
pub(super) use key_context::{EnclosingTable, KeyContext};
use key_context::{misplaced, unknown_key};
use values::{in_clear, not_among, wrong_type};
use words::{example, requirement};

/// A table that is checked against its schema.
pub(super) struct CheckedTable<'a> {
    /// Where it stands in the whole.
    pub(super) at: FieldPath,
    /// Its value.
    pub(super) body: &'a Node,
    /// Its JSON Schema.
    pub(super) schema: &'a Value,
    /// Which other tables know which keys.
    pub(super) key_context: KeyContext<'a>,
    /// Places that have a mistake already: nothing more is said about them.
    pub(super) failed: &'a BTreeSet<FieldPath>,
}

/// Finds everything that does not fit the schema.
pub(super) fn check(table: &CheckedTable<'_>, mistakes: &mut Vec<Diagnostic>) {
    let validator = match jsonschema::options().with_draft(Draft::Draft202012).build(table.schema) {
        Ok(validator) => validator,
        Err(error) => {
            let message =
                format!("the schema of `{}` is broken, which is a bug: {}", table.at, error.masked());
            mistakes.push(Diagnostic::error(codes::BROKEN_SCHEMA, message).at(table.body.span, ""));
            return;
        }
    };
    let json = table.body.to_json();
    let mut checker =
        Checker { table, shape: Shape::new(table.schema), misplaced: BTreeSet::new(), mistakes: Vec::new() };
    let errors: Vec<_> = validator.iter_errors(&json).collect();
    checker.all(&errors.iter().collect::<Vec<_>>());
    mistakes.append(&mut checker.mistakes);
}

/// Puts the validator's errors into our words.
struct Checker<'a> {
    table: &'a CheckedTable<'a>,
    shape: Shape<'a>,
    /// Keys, in the table where they belong, that were found elsewhere: there they are not missing as well.
    misplaced: BTreeSet<FieldPath>,
    mistakes: Vec<Diagnostic>,
}

impl Checker<'_> {
    /// All errors. Missing keys come last: a key that was found misspelt, or in another table, is not missing
    /// as well.
    fn all(&mut self, errors: &[&ValidationError<'_>]) {
        let (missing, other): (Vec<_>, Vec<_>) =
            errors.iter().partition(|error| matches!(error.kind(), Kind::Required { .. }));
        for error in other.into_iter().chain(missing) {
            self.error(error);
        }
    }

    fn error(&mut self, error: &ValidationError<'_>) {
        let rel = place(error);
        let at = self.table.at.join_all(&rel);
        if self.is_silenced(error, &at) || self.fell_into_a_map(&rel) {
            return;
        }
        let Some(node) = self.table.body.find(&rel) else { return };
        let shape = self.shape.at(&rel);
        match error.kind() {
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                for key in unexpected {
                    self.unknown(&rel, node, key);
                }
            }
            Kind::Required { property } => self.missing(&rel, node, property.as_str().unwrap_or_default()),
            Kind::Type { .. } => self.mistakes.push(wrong_type(&at, node, &shape)),
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
                self.alternatives(&at, node, &shape, context);
            }
            Kind::OneOfMultipleValid { .. } => {
                let message = format!("`{at}` says several things of which only one holds");
                self.push(codes::CONFLICTING_KEYS, message, node, "");
            }
            Kind::Enum { options } => {
                let options: Vec<_> = options.as_array().into_iter().flatten().cloned().collect();
                self.mistakes.push(not_among(&at, node, &options));
            }
            Kind::Constant { expected_value } => {
                self.mistakes.push(not_among(&at, node, &[expected_value.as_ref().clone()]));
            }
            Kind::PropertyNames { error } => {
                let key = error.instance().as_str().unwrap_or_default();
                self.mistakes.push(bad_key(&at, node, &shape, key));
            }
            kind => {
                let rule = requirement(kind, &shape).unwrap_or_else(|| error.masked().to_string());
                let shown = match node.as_str() {
                    Some(text) if !hides(&shape, text) => format!("`{text}`"),
                    _ => "the value".to_owned(),
                };
                let message = format!("{shown} cannot be `{at}`");
                self.push(codes::BAD_VALUE, message, node, &format!("expected {rule}"));
            }
        }
    }

    /// Whether nothing is said of an error, because there is a mistake at its place already, or below a choice.
    fn is_silenced(&self, error: &ValidationError<'_>, at: &FieldPath) -> bool {
        let is_choice = matches!(
            error.kind(),
            Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } | Kind::OneOfMultipleValid { .. }
        );
        self.table.failed.iter().any(|failed| failed.contains(at) || (is_choice && at.contains(failed)))
    }

    fn push(&mut self, code: &'static str, message: String, node: &Node, label: &str) {
        self.mistakes.push(Diagnostic::error(code, message).at(node.span, label));
    }

    /// A key of ours that became an entry of a table of free names (a user called `replicas`), because it
    /// was written below that table's header.
    fn fell_into_a_map(&mut self, rel: &FieldPath) -> bool {
        let segments = rel.segments();
        for (depth, segment) in segments.iter().enumerate() {
            let table =
                segments[..depth].iter().fold(FieldPath::root(), |path, step| path.join(step.clone()));
            let (Segment::Key(key), true) = (segment, self.shape.at(&table).is_map()) else { continue };
            let Some(owner) = self.table.key_context.above(&self.table.at, &self.shape, &table, key) else {
                continue;
            };
            if self.misplaced.insert(owner.key(key.as_str())) {
                let from = self.table.at.join_all(&table);
                self.mistakes.extend(misplaced(self.table.body, &table, key, &from, &owner));
            }
            return true;
        }
        false
    }

    fn unknown(&mut self, rel: &FieldPath, node: &Node, key: &str) {
        let at = self.table.at.join_all(rel);
        if let Some(owner) = self.table.key_context.of(&self.table.at, &self.shape, rel, key) {
            self.misplaced.insert(owner.key(key));
            self.mistakes.extend(misplaced(self.table.body, rel, key, &at, &owner));
            return;
        }
        let span = node.as_table().and_then(|table| table.entries.get(key)).map(|entry| entry.key_span);
        let extra = if rel.segments().is_empty() { self.table.key_context.extra } else { &[] };
        let known = self.shape.at(rel).known();
        let known: Vec<_> = known.into_keys().chain(extra.iter().copied()).collect();
        if let Some(meant) = nearest(key, known.iter().copied()) {
            self.misplaced.insert(at.key(meant));
        }
        self.mistakes.push(unknown_key(&at, key, &known).at(span.unwrap_or(node.span), ""));
    }

    fn missing(&mut self, rel: &FieldPath, node: &Node, key: &str) {
        let at = self.table.at.join_all(rel);
        if self.misplaced.contains(&at.key(key)) {
            return;
        }
        let below = self.shape.at(rel).key(key);
        let line = format!("{key} = {}", example(&below));
        let mut mistake =
            Diagnostic::error(codes::MISSING_KEY, format!("`{at}` needs `{key}`")).at(node.span, "");
        if let Some((table, found)) = in_a_map(node, &self.shape.at(rel), key) {
            let table = at.join_all(&table);
            mistake.code = codes::MISPLACED_KEY;
            mistake =
                mistake.at(found, format!("this `{key}` belongs to `{table}`, below whose header it stands"));
            self.mistakes
                .push(mistake.help(format!("if it was meant for `{at}`, move it above that header")));
            return;
        }
        let about = below.text("description").map(|text| text.replace('\n', " "));
        let about = about.as_deref().and_then(|text| text.split(". ").next());
        let about = about.map(|about| format!(": {}", about.trim_end_matches('.'))).unwrap_or_default();
        self.mistakes.push(mistake.help(format!("write `{line}`{about}")));
    }

    fn alternatives(
        &mut self,
        at: &FieldPath,
        node: &Node,
        shape: &Shape<'_>,
        context: &[Vec<ValidationError<'static>>],
    ) {
        if shape.has(SECRET_SOURCE) && node.as_table().is_none() {
            return self.mistakes.push(in_clear(at, node));
        }
        let rel = at.seen_from(&self.table.at);
        let fitting: Vec<_> = flattened(context, &rel)
            .into_iter()
            .filter(|errors| {
                !errors.iter().any(|error| place(error) == rel && matches!(error.kind(), Kind::Type { .. }))
            })
            .collect();
        let options: Vec<Value> = fitting
            .iter()
            .flat_map(|errors| errors.iter())
            .filter(|error| place(error) == rel)
            .flat_map(|error| match error.kind() {
                Kind::Enum { options } => options.as_array().cloned().unwrap_or_default(),
                Kind::Constant { expected_value } => vec![expected_value.as_ref().clone()],
                _ => Vec::new(),
            })
            .collect();
        if fitting.is_empty() {
            return self.mistakes.push(wrong_type(at, node, shape));
        }
        if node.as_table().is_none() && !options.is_empty() {
            return self.mistakes.push(not_among(at, node, &options));
        }
        if let (Some(table), Some(tags)) = (node.as_table(), shape.tags()) {
            let chosen: Vec<_> = tags.iter().filter(|tag| table.get(tag).is_some()).collect();
            match chosen.as_slice() {
                [] => return self.none_chosen(at, node, table, &tags),
                [_] => {}
                [first, second, ..] => {
                    let message =
                        format!("`{at}` has `{first}` and `{second}`, which cannot be used together");
                    return self.push(codes::CONFLICTING_KEYS, message, node, "keep one of them");
                }
            }
        }
        self.all(&best_alternative(&fitting, &rel).iter().collect::<Vec<_>>());
    }

    /// A table has none of the keys of which it must have one.
    fn none_chosen(&mut self, at: &FieldPath, node: &Node, table: &Table, tags: &[&str]) {
        let rel = at.seen_from(&self.table.at);
        for key in table.entries.keys() {
            self.unknown(&rel, node, key);
        }
        if table.entries.is_empty() {
            let message = format!("`{at}` is empty");
            self.push(
                codes::MISSING_KEY,
                message,
                node,
                &format!("expected one of {}", list(tags.iter().copied())),
            );
        }
    }
}

/// The mistake of a key that has not the form that keys have there.
fn bad_key(at: &FieldPath, node: &Node, shape: &Shape<'_>, key: &str) -> Diagnostic {
    let span = node.as_table().and_then(|table| table.entries.get(key)).map(|entry| entry.key_span);
    let rule = shape.text(RULE).unwrap_or("another form");
    Diagnostic::error(codes::BAD_NAME, format!("`{key}` cannot be a key of `{at}`"))
        .at(span.unwrap_or(node.span), "")
        .help(format!("it must have {rule}"))
}

/// A key of this name that stands in a table of free names below (users, say), and so was taken for one of them.
fn in_a_map(node: &Node, shape: &Shape<'_>, key: &str) -> Option<(FieldPath, Span)> {
    for (name, entry) in &node.as_table()?.entries {
        let below = shape.key(name);
        if below.is_map()
            && let Some(found) = entry.node.as_table().and_then(|table| table.entries.get(key))
        {
            return Some((FieldPath::root().key(name.as_str()), found.key_span));
        }
        if let Some((path, span)) = in_a_map(&entry.node, &below, key) {
            return Some((FieldPath::root().key(name.as_str()).join_all(&path), span));
        }
    }
    None
}
