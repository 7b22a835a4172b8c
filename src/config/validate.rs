//! Each table against the JSON Schema of its type: every error, in our words and at its place.

use std::collections::BTreeSet;

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::paths::LocationSegment;
use jsonschema::{Draft, ValidationError};
use serde_json::Value;

use super::alternatives::{best_alternative, flattened};
use super::codes;
use super::key_context::{KeyContext, misplaced, unknown_key};
use super::node::Node;
use super::shape::{RULE, SECRET_SOURCE, Shape};
use super::words::{example, quotes, rule, word};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::{list, nearest, suggest};
use crate::resource::{FieldPath, Segment};

/// A table that is checked.
pub(super) struct Check<'a> {
    /// Where it stands in the whole.
    pub(super) at: FieldPath,
    /// Its value.
    pub(super) body: &'a Node,
    /// What it must look like.
    pub(super) schema: &'a Value,
    /// Which other tables know which keys.
    pub(super) key_context: KeyContext<'a>,
    /// Places about which nothing more is to be said.
    pub(super) failed: &'a BTreeSet<FieldPath>,
}

/// Finds everything that does not fit the schema.
pub(super) fn check(check: &Check<'_>, mistakes: &mut Vec<Diagnostic>) {
    let validator = match jsonschema::options().with_draft(Draft::Draft202012).build(check.schema) {
        Ok(validator) => validator,
        Err(error) => {
            let message =
                format!("the schema of `{}` is broken, which is a bug: {}", check.at, error.masked());
            mistakes.push(Diagnostic::error(codes::BROKEN_SCHEMA, message).at(check.body.span, ""));
            return;
        }
    };
    let json = check.body.to_json();
    let mut found =
        Found { check, shape: Shape::new(check.schema), told: BTreeSet::new(), mistakes: Vec::new() };
    let errors: Vec<_> = validator.iter_errors(&json).collect();
    found.all(&errors.iter().collect::<Vec<_>>());
    mistakes.append(&mut found.mistakes);
}

/// The place of an error within the table.
pub(super) fn place(error: &ValidationError<'_>) -> FieldPath {
    error.instance_path().iter().fold(FieldPath::root(), |path, segment| match segment {
        LocationSegment::Property(key) => path.key(key.into_owned()),
        LocationSegment::Index(index) => path.index(index),
    })
}

/// Two paths, one behind the other.
pub(super) fn joined(first: &FieldPath, second: &FieldPath) -> FieldPath {
    second.segments().iter().fold(first.clone(), |path, segment| path.join(segment.clone()))
}

pub(super) struct Found<'a> {
    pub(super) check: &'a Check<'a>,
    pub(super) shape: Shape<'a>,
    /// Keys (by table, as it should be) that were told to stand elsewhere.
    told: BTreeSet<FieldPath>,
    mistakes: Vec<Diagnostic>,
}

impl Found<'_> {
    /// What is missing is said last: a key that is there, though misspelt or in another table, is not
    /// missing, too.
    fn all(&mut self, errors: &[&ValidationError<'_>]) {
        let (missing, other): (Vec<_>, Vec<_>) =
            errors.iter().partition(|error| matches!(error.kind(), Kind::Required { .. }));
        for error in other.into_iter().chain(missing) {
            self.error(error);
        }
    }

    fn error(&mut self, error: &ValidationError<'_>) {
        let rel = place(error);
        let at = joined(&self.check.at, &rel);
        let choice = matches!(
            error.kind(),
            Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } | Kind::OneOfMultipleValid { .. }
        );
        let silenced =
            self.check.failed.iter().any(|failed| failed.contains(&at) || (choice && at.contains(failed)));
        if silenced || self.fell_into_a_map(&rel) {
            return;
        }
        let Some(node) = self.check.body.find(&rel) else { return };
        let shape = self.shape.at(&rel);
        match error.kind() {
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                for key in unexpected {
                    self.unknown(&rel, node, key);
                }
            }
            Kind::Required { property } => self.missing(&rel, node, property.as_str().unwrap_or_default()),
            Kind::Type { .. } => self.wrong_type(&at, node, &shape),
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
                self.alternatives(&at, node, &shape, context);
            }
            Kind::OneOfMultipleValid { .. } => {
                let message = format!("`{at}` says several things of which only one holds");
                self.push(codes::CONFLICTING_KEYS, message, node, "");
            }
            Kind::Enum { options } => {
                let options: Vec<_> = options.as_array().into_iter().flatten().cloned().collect();
                self.not_among(&at, node, &options);
            }
            Kind::Constant { expected_value } => {
                self.not_among(&at, node, &[expected_value.as_ref().clone()]);
            }
            Kind::PropertyNames { error } => {
                let key = error.instance().as_str().unwrap_or_default();
                let span =
                    node.as_table().and_then(|table| table.entries.get(key)).map(|entry| entry.key_span);
                let rule = shape.text(RULE).unwrap_or("another form");
                let message = format!("`{key}` cannot be a key of `{at}`");
                self.mistakes.push(
                    Diagnostic::error(codes::BAD_NAME, message)
                        .at(span.unwrap_or(node.span), "")
                        .help(format!("it must have {rule}")),
                );
            }
            kind => {
                let rule = rule(kind, &shape).unwrap_or_else(|| error.masked().to_string());
                let shown = match node.as_str() {
                    Some(text) => format!("`{text}`"),
                    None => "the value".to_owned(),
                };
                self.push(
                    codes::BAD_VALUE,
                    format!("{shown} cannot be `{at}`"),
                    node,
                    &format!("expected {rule}"),
                );
            }
        }
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
            let Some(home) = self.check.key_context.above(&self.check.at, &self.shape, &table, key) else {
                continue;
            };
            if self.told.insert(home.key(key.as_str())) {
                let from = joined(&self.check.at, &table);
                self.mistakes.extend(misplaced(self.check, &table, key, &from, &home));
            }
            return true;
        }
        false
    }

    fn unknown(&mut self, rel: &FieldPath, node: &Node, key: &str) {
        let at = joined(&self.check.at, rel);
        if let Some(home) = self.check.key_context.of(&self.check.at, &self.shape, rel, key) {
            self.told.insert(home.key(key));
            self.mistakes.extend(misplaced(self.check, rel, key, &at, &home));
            return;
        }
        let span = node.as_table().and_then(|table| table.entries.get(key)).map(|entry| entry.key_span);
        let extra = if rel.segments().is_empty() { self.check.key_context.extra } else { &[] };
        let known = self.shape.at(rel).known();
        let known: Vec<_> = known.into_keys().chain(extra.iter().copied()).collect();
        if let Some(meant) = nearest(key, known.iter().copied()) {
            self.told.insert(at.key(meant));
        }
        self.mistakes.push(unknown_key(&at, key, &known).at(span.unwrap_or(node.span), ""));
    }

    fn missing(&mut self, rel: &FieldPath, node: &Node, key: &str) {
        let at = joined(&self.check.at, rel);
        if self.told.contains(&at.key(key)) {
            return;
        }
        let below = self.shape.at(rel).key(key);
        let line = format!("{key} = {}", example(&below));
        let mut mistake =
            Diagnostic::error(codes::MISSING_KEY, format!("`{at}` needs `{key}`")).at(node.span, "");
        if let Some((table, found)) = in_a_map(node, &self.shape.at(rel), key) {
            let table = joined(&at, &table);
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

    fn wrong_type(&mut self, at: &FieldPath, node: &Node, shape: &Shape<'_>) {
        if shape.has(SECRET_SOURCE) && node.as_table().is_none() {
            return self.in_clear(at, node);
        }
        let expected = shape.types().iter().map(|name| word(name)).collect::<Vec<_>>().join(" or ");
        let source = node.as_table().is_some_and(|table| {
            table.entries.len() == 1 && ["env", "file", "generate"].iter().any(|key| table.get(key).is_some())
        });
        if source {
            let message = format!("`{at}` takes no secret: it is {expected}");
            self.push(codes::SECRET_NOT_EXPECTED, message, node, &format!("expected {expected}"));
            return;
        }
        let message = format!("`{at}` must be {expected}, not {}", node.describe());
        self.push(codes::WRONG_TYPE, message, node, &format!("expected {expected}"));
        if let Some(mistake) = self.mistakes.last_mut() {
            mistake.help = quotes(node, &shape.types());
        }
    }

    /// Never says the value.
    fn in_clear(&mut self, at: &FieldPath, node: &Node) {
        let help = "write where it comes from: `{ env = \"NAME\" }`, `{ file = \"path\" }` or \
                    `{ generate = { length = 32 } }`; change the secret if this file was shared";
        let (code, message) = match node.as_str() {
            Some(_) => {
                (codes::SECRET_IN_CLEAR, format!("`{at}` is a secret, and a secret never stands in the file"))
            }
            None => {
                (codes::WRONG_TYPE, format!("`{at}` must be a source of a secret, not {}", node.describe()))
            }
        };
        self.mistakes.push(Diagnostic::error(code, message).at(node.span, "").help(help));
    }

    fn alternatives(
        &mut self,
        at: &FieldPath,
        node: &Node,
        shape: &Shape<'_>,
        context: &[Vec<ValidationError<'static>>],
    ) {
        if shape.has(SECRET_SOURCE) && node.as_table().is_none() {
            return self.in_clear(at, node);
        }
        let rel = place_of(at, &self.check.at);
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
            return self.wrong_type(at, node, shape);
        }
        if node.as_table().is_none() && !options.is_empty() {
            return self.not_among(at, node, &options);
        }
        if let (Some(table), Some(tags)) = (node.as_table(), shape.tags()) {
            let chosen: Vec<_> = tags.iter().filter(|tag| table.get(tag).is_some()).collect();
            match chosen.as_slice() {
                [] => {
                    for key in table.entries.keys() {
                        self.unknown(&rel, node, key);
                    }
                    if table.entries.is_empty() {
                        let message = format!("`{at}` is empty");
                        self.push(
                            codes::MISSING_KEY,
                            message,
                            node,
                            &format!("expected one of {}", list(tags)),
                        );
                    }
                    return;
                }
                [_] => {}
                [first, second, ..] => {
                    let message = format!("`{at}` has `{first}` and `{second}`, which exclude each other");
                    self.push(codes::CONFLICTING_KEYS, message, node, "keep one of them");
                    return;
                }
            }
        }
        self.all(&best_alternative(&fitting, &rel).iter().collect::<Vec<_>>());
    }

    fn not_among(&mut self, at: &FieldPath, node: &Node, options: &[Value]) {
        let options: Vec<_> = options
            .iter()
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            .collect();
        let names = options.iter().map(String::as_str);
        let (message, help) = match node.as_str() {
            Some(text) => (format!("`{text}` cannot be `{at}`"), suggest(text, names.clone(), "")),
            None => (format!("`{at}` cannot be {}", node.describe()), String::new()),
        };
        self.mistakes.push(
            Diagnostic::error(codes::BAD_VALUE, message)
                .at(
                    node.span,
                    format!("expected {}{}", if options.len() > 1 { "one of " } else { "" }, list(names)),
                )
                .help(if help.is_empty() { "take one of those".to_owned() } else { help }),
        );
    }
}

/// A path as it is from a table that it lies in.
fn place_of(at: &FieldPath, table: &FieldPath) -> FieldPath {
    let rest = at.segments().iter().skip(table.segments().len());
    rest.fold(FieldPath::root(), |path, segment| path.join(segment.clone()))
}

/// A key of this name in a table of free names below, where it was taken for one of them.
fn in_a_map(node: &Node, shape: &Shape<'_>, key: &str) -> Option<(FieldPath, crate::diagnostic::Span)> {
    for (name, entry) in &node.as_table()?.entries {
        let below = shape.key(name);
        if below.is_map()
            && let Some(found) = entry.node.as_table().and_then(|table| table.entries.get(key))
        {
            return Some((FieldPath::root().key(name.as_str()), found.key_span));
        }
        if let Some((path, span)) = in_a_map(&entry.node, &below, key) {
            return Some((joined(&FieldPath::root().key(name.as_str()), &path), span));
        }
    }
    None
}
