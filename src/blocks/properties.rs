//! What blocks give beside their keys: `${registry.main.address}`. Most of it is known before the
//! cluster is asked.

use std::collections::BTreeMap;

use serde_json::Value;

use super::codes;
use super::facts::Need;
use super::value_words::describe;
use crate::diagnostic::Diagnostic;
use crate::resource::{BlockAddress, Expression, FieldPath, LiveReference, Part, Reference, Segment};

/// The properties of all blocks, by block and name.
#[derive(Default)]
pub(super) struct Properties(BTreeMap<(BlockAddress, &'static str), Given>);

/// What is known of a property.
pub(super) enum Given {
    /// This is it.
    Known(Value),
    /// The cluster has to be asked for it.
    Asked {
        /// What for.
        need: Need,
        /// The value, or why there is none.
        value: Result<Value, String>,
    },
    /// The block has a mistake, which is reported already.
    Faulty,
}

/// What has become of an expression.
pub(super) enum Filled {
    /// All of it is known.
    Value(Value),
    /// The rest must be found out.
    Rest(Expression),
    /// A part of it is not known, and this is why.
    Unknown(String),
}

impl Properties {
    /// These values, by block and name.
    pub(super) fn new(values: impl Iterator<Item = ((BlockAddress, &'static str), Given)>) -> Self {
        Self(values.collect())
    }

    /// What must be asked for the property that a reference leads to.
    pub(super) fn need_of(&self, live: &LiveReference) -> Option<Need> {
        match self.given(live)? {
            (Given::Asked { need, .. }, _) => Some(need.clone()),
            _ => None,
        }
    }

    /// Puts the properties into an expression. One that is nothing else keeps its type.
    pub(super) fn fill(&self, expression: Expression) -> Result<Filled, Diagnostic> {
        if let Some(reason) = self.lacking(&expression) {
            return Ok(Filled::Unknown(reason));
        }
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

    /// Why a property in an expression is not known; `None` where all are.
    fn lacking(&self, expression: &Expression) -> Option<String> {
        expression.references().find_map(|reference| match reference {
            Reference::Live(live) => match self.given(live)? {
                (Given::Asked { value: Err(reason), .. }, _) => Some(reason.clone()),
                _ => None,
            },
            Reference::Secret(_) | Reference::Variable(_) => None,
        })
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
        let Some((given, rest)) = self.given(live) else { return Ok(None) };
        let value = match given {
            Given::Known(value) | Given::Asked { value: Ok(value), .. } => value,
            Given::Asked { value: Err(_), .. } | Given::Faulty => return Ok(Some(Value::from(""))),
        };
        if value.is_null() {
            let message = format!("`{}` leads to nothing: this block does not give it", live.text);
            let help = "docs/configuration.md says which of them do";
            return Err(Diagnostic::error(codes::UNKNOWN_REFERENCE, message).help(help));
        }
        if let Some(found) = rest.get(value) {
            return Ok(Some(found.clone()));
        }
        let named = property_of(live)
            .map_or_else(|| live.text.clone(), |((block, name), _)| format!("{block}.{name}"));
        let message = format!("`{named}` has no `{rest}`");
        let help = format!("it is {}", describe(value));
        Err(Diagnostic::error(codes::UNKNOWN_REFERENCE, message).help(help))
    }

    /// The property that a reference leads to, and the path within it.
    fn given(&self, live: &LiveReference) -> Option<(&Given, FieldPath)> {
        let (key, rest) = property_of(live)?;
        let (_, given) = self.0.iter().find(|((block, name), _)| (block, *name) == (&key.0, &*key.1))?;
        Some((given, rest))
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
