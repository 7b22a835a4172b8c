//! What blocks give beside their keys: `${registry.main.address}`. It is known before the cluster is asked.

use std::collections::BTreeMap;

use serde_json::Value;

use super::codes;
use super::value_words::describe;
use crate::diagnostic::Diagnostic;
use crate::resource::{BlockAddress, Expression, FieldPath, LiveReference, Part, Reference, Segment};

/// The properties of all blocks.
#[derive(Default)]
pub(super) struct Properties {
    /// By block and name. `None` where the block has a mistake, which is reported already.
    values: BTreeMap<(BlockAddress, &'static str), Option<Value>>,
}

/// What has become of an expression.
pub(super) enum Filled {
    /// All of it is known.
    Value(Value),
    /// The rest must be found out.
    Rest(Expression),
}

impl Properties {
    /// These values, by block and name; nothing for a block that has a mistake.
    pub(super) fn new(values: impl Iterator<Item = ((BlockAddress, &'static str), Option<Value>)>) -> Self {
        Self { values: values.collect() }
    }

    /// Puts the properties into an expression. One that is nothing else keeps its type.
    pub(super) fn fill(&self, expression: Expression) -> Result<Filled, Diagnostic> {
        if let Some(Reference::Live(live)) = expression.sole()
            && let Some(value) = self.look_up(live)?
        {
            return Ok(Filled::Value(value));
        }
        let is_sole = expression.sole().is_some();
        let Expression { parts, encoding } = expression;
        let parts: Vec<Part> = parts.into_iter().map(|part| self.part(part)).collect::<Result<_, _>>()?;
        if is_sole || parts.iter().any(|part| matches!(part, Part::Reference(_))) {
            return Ok(Filled::Rest(Expression { parts, encoding }));
        }
        let texts = parts.iter().map(|part| match part {
            Part::Literal(text) => text.as_str(),
            Part::Reference(_) => "",
        });
        Ok(Filled::Value(Value::from(texts.collect::<String>())))
    }

    /// A part of a longer text.
    fn part(&self, part: Part) -> Result<Part, Diagnostic> {
        let Part::Reference(Reference::Live(live)) = &part else { return Ok(part) };
        match self.look_up(live)? {
            None => Ok(part),
            Some(Value::String(text)) => Ok(Part::Literal(text)),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Part::Literal(value.to_string())),
            Some(value) => {
                let message =
                    format!("`{}` is {}, which cannot stand within a text", live.text, describe(&value));
                let help = "let the reference be the whole value, or refer to something in it";
                Err(Diagnostic::error(codes::REFERENCE_NOT_EXPECTED, message).help(help))
            }
        }
    }

    /// The value that a reference leads to; `None` where it leads to no property.
    fn look_up(&self, live: &LiveReference) -> Result<Option<Value>, Diagnostic> {
        let Some((key, rest)) = property_of(live) else { return Ok(None) };
        let Some((_, value)) =
            self.values.iter().find(|((block, name), _)| (block, *name) == (&key.0, &*key.1))
        else {
            return Ok(None);
        };
        let Some(value) = value else { return Ok(Some(Value::from(""))) };
        if let Some(found) = rest.get(value) {
            return Ok(Some(found.clone()));
        }
        let message = format!("`{}.{}` has no `{rest}`", key.0, key.1);
        let help = format!("it is {}", describe(value));
        Err(Diagnostic::error(codes::UNKNOWN_REFERENCE, message).help(help))
    }
}

/// The block and the property that a reference may name, and the path within the property.
fn property_of(live: &LiveReference) -> Option<((BlockAddress, String), FieldPath)> {
    let block = live.block()?;
    let path = live.text.strip_prefix(&block.to_string())?.strip_prefix('.')?;
    let path: FieldPath = path.parse().ok()?;
    let (Segment::Key(name), rest) = path.segments().split_first()? else { return None };
    let rest = rest.iter().fold(FieldPath::root(), |path, segment| path.join(segment.clone()));
    Some(((block, name.clone()), rest))
}
