//! `${…}` in the texts of objects: secrets and sensitive variables are put in, live fields wait.
//!
//! The configuration leaves these references as marks. This file alone knows what a mark of a secret means:
//! which value must be asked for, and that a field that has it may not be shown.

use std::collections::BTreeSet;

use serde_json::Value;

use super::block_type::{BlockRef, BlockType as _, CompileContext};
use super::codes;
use super::draft::Draft;
use super::facts::{Need, SecretText};
use super::properties::Filled;
use super::types::secret::{SecretBlock, SecretSpec};
use crate::config::{Node, NodeValue};
use crate::diagnostic::Diagnostic;
use crate::resource::{Address, Expression, FieldPath, Part, Reference};

/// What must be asked for the secrets and properties that the texts of a value refer to: the body of a block, an output.
pub(super) fn needs(value: &Node, context: &CompileContext<'_>) -> Vec<Need> {
    let mut needs = BTreeSet::new();
    collect_needs(value, context, &mut needs);
    needs.into_iter().collect()
}

fn collect_needs(node: &Node, context: &CompileContext<'_>, needs: &mut BTreeSet<Need>) {
    match &node.value {
        NodeValue::String(text) => {
            let Some(Ok(expression)) = Expression::parse(text) else { return };
            needs.extend(expression.references().filter_map(|reference| match reference {
                Reference::Secret(name) => {
                    context.spec(&BlockRef::<SecretBlock>::named(name)).map(SecretSpec::need)
                }
                Reference::Live(live) => context.properties.need_of(live),
                Reference::Variable(_) => None,
            }));
        }
        NodeValue::Array(items) => items.iter().for_each(|item| collect_needs(item, context, needs)),
        NodeValue::Table(table) => {
            table.entries.values().for_each(|entry| collect_needs(&entry.node, context, needs));
        }
        _ => {}
    }
}

/// Replaces the marks in drafts.
pub(super) struct Substitution<'a> {
    pub(super) context: CompileContext<'a>,
}

impl Substitution<'_> {
    /// Replaces the marks in all texts of a draft.
    pub(super) fn apply(&self, draft: &mut Draft, mistakes: &mut Vec<Diagnostic>) {
        let mut texts = Vec::new();
        marked_texts(&FieldPath::root(), &draft.object, &mut texts);
        let mut generated = BTreeSet::new();
        for (path, text) in texts {
            let span = draft.span(&path);
            if let Err(mistake) = self.put_in(draft, path, text.as_deref(), &mut generated) {
                mistakes.push(mistake.at_opt(span, ""));
            }
        }
        // The Secret that stores a generated value is written first. Were the run cut off in between, the
        // value would otherwise be in use and be lost.
        draft
            .depends_on
            .extend(generated.iter().map(|name| Address::block(SecretBlock::KIND, name.as_str())));
    }

    /// Replaces the marks in the text at this path; without a text they are in the key.
    fn put_in(
        &self,
        draft: &mut Draft,
        path: FieldPath,
        text: Option<&str>,
        generated: &mut BTreeSet<String>,
    ) -> Result<(), Diagnostic> {
        let Some(Ok(expression)) = text.and_then(Expression::parse) else {
            let message = format!("a reference cannot stand in the key `{path}`");
            return Err(Diagnostic::error(codes::REFERENCE_NOT_EXPECTED, message));
        };
        if path.names_the_object() {
            let message = format!("`{path}` says which object this is, and takes no `${{…}}`");
            return Err(
                Diagnostic::error(codes::REFERENCE_NOT_EXPECTED, message).help("write the value itself")
            );
        }
        let expression = match self.context.properties.fill(expression)? {
            Filled::Rest(expression) => expression,
            Filled::Value(value) => {
                path.set(&mut draft.object, value);
                return Ok(());
            }
            Filled::Unknown(reason) => {
                draft.leave_unchecked(path, &reason);
                return Ok(());
            }
        };
        let is_live = |reference: &Reference| matches!(reference, Reference::Live(_));
        let has_live = expression.references().any(is_live);
        let has_secret = !expression.references().all(is_live);
        match (has_live, has_secret) {
            (true, false) => {
                path.set(&mut draft.object, Value::from(expression.to_string()));
                let encoding = draft.addresses.get(&path).copied().unwrap_or(expression.encoding);
                draft.unresolved.insert(path, Expression { encoding, ..expression });
            }
            // The plan shows and keeps the expressions that it waits for: no secret may be a part of one.
            (true, true) => {
                let message = "one text refers to a secret and to a live field";
                return Err(Diagnostic::error(codes::MIXED_REFERENCE, message)
                    .help("give each a text of its own: the plan shows what waits for a live field"));
            }
            // That a value is lost is reported once, for the Secret that stored it.
            (false, _) => draft.put_secret(path, &self.text(&expression, generated)),
        }
        Ok(())
    }

    /// The whole text; where a part of it is not known, what is known of that part. The names of generated
    /// secrets are noted.
    fn text(&self, expression: &Expression, generated: &mut BTreeSet<String>) -> SecretText {
        let mut whole = String::new();
        let mut is_new = false;
        for part in &expression.parts {
            let text = match part {
                Part::Literal(text) => SecretText::Known(text.clone()),
                Part::Reference(reference) => self.value(reference, generated),
            };
            let Some(known) = text.get() else { return text };
            whole.push_str(known);
            is_new |= text.is_new();
        }
        if is_new { SecretText::New(whole) } else { SecretText::Known(whole) }
    }

    fn value(&self, reference: &Reference, generated: &mut BTreeSet<String>) -> SecretText {
        match reference {
            Reference::Secret(name) => {
                let Some(secret) = self.context.spec(&BlockRef::<SecretBlock>::named(name)) else {
                    return SecretText::Unknown(format!("there is no secret `{name}`"));
                };
                if secret.is_generated() {
                    generated.insert(name.clone());
                }
                self.context.facts.text(&secret.need())
            }
            Reference::Variable(name) => match self.context.sensitive_variables.get(name) {
                Some(value) => SecretText::Known(value.clone()),
                None => SecretText::Unknown(format!("the variable `{name}` is not set")),
            },
            Reference::Live(live) => SecretText::Unknown(format!("`{}` is not read yet", live.text)),
        }
    }
}

/// All texts with a mark, and the keys with one (`None`).
fn marked_texts(path: &FieldPath, value: &Value, found: &mut Vec<(FieldPath, Option<String>)>) {
    match value {
        Value::String(text) if Expression::has_mark(text) => found.push((path.clone(), Some(text.clone()))),
        Value::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                marked_texts(&path.index(index), item, found);
            }
        }
        Value::Object(map) => {
            for (key, below) in map {
                let at = path.key(key.as_str());
                if Expression::has_mark(key) {
                    found.push((at, None));
                } else {
                    marked_texts(&at, below, found);
                }
            }
        }
        _ => {}
    }
}
