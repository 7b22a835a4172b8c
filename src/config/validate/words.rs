//! What schemas demand, in words.

use jsonschema::error::ValidationErrorKind as Kind;

use crate::config::markers::{RULE, SECRET_SOURCE};
use crate::config::node::{Node, NodeValue};
use crate::config::shape::Shape;

/// A type of JSON Schema in words.
pub(super) fn type_name(name: &str) -> &str {
    match name {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a table",
        other => other,
    }
}

/// The help where only some words fit.
pub(super) fn choices_help(choices: &[&str]) -> Option<String> {
    let written: Vec<String> = choices.iter().map(|choice| format!("`\"{choice}\"`")).collect();
    match written.as_slice() {
        [] => None,
        [only] => Some(format!("write {only}")),
        several => Some(format!("write one of {}", several.join(", "))),
    }
}

/// The help where only the quotes are wrong.
pub(super) fn quotes_help(node: &Node, types: &[&str]) -> Option<String> {
    let plain = node.to_json().to_string();
    match node.as_str() {
        None if types == ["string"]
            && node.as_table().is_none()
            && !matches!(node.value, NodeValue::Array(_)) =>
        {
            Some(format!("write it in quotes: `\"{plain}\"`"))
        }
        Some(text) if matches!(types, ["integer" | "number" | "boolean"]) => {
            let fits =
                if types == ["boolean"] { text.parse::<bool>().is_ok() } else { text.parse::<f64>().is_ok() };
            fits.then(|| format!("write it without quotes: `{text}`"))
        }
        _ => None,
    }
}

/// How a value of this shape is written.
pub(super) fn example(shape: &Shape<'_>) -> String {
    if let Some(value) = shape.default() {
        return value.to_string();
    }
    if shape.has(SECRET_SOURCE) {
        return "{ env = \"NAME\" }".to_owned();
    }
    let example = match shape.types().first() {
        Some(&"integer" | &"number") => "1",
        Some(&"boolean") => "true",
        Some(&"array") => "[…]",
        Some(&"object") => "{ … }",
        _ => "\"…\"",
    };
    example.to_owned()
}

/// What a schema demands of a value, in words; `None` for what has no words here.
pub(super) fn requirement(kind: &Kind, shape: &Shape<'_>) -> Option<String> {
    Some(match kind {
        Kind::Pattern { .. } | Kind::Format { .. } | Kind::MaxLength { .. } if shape.text(RULE).is_some() => {
            shape.text(RULE)?.to_owned()
        }
        Kind::Pattern { pattern } => format!("what matches `{pattern}`"),
        Kind::Format { format } => format!("the format `{format}`"),
        Kind::MinLength { limit: 1 } | Kind::MinItems { limit: 1 } | Kind::MinProperties { limit: 1 } => {
            "something that is not empty".to_owned()
        }
        Kind::MinLength { limit } => format!("at least {limit} characters"),
        Kind::MaxLength { limit } => format!("at most {limit} characters"),
        Kind::MinItems { limit } | Kind::MinProperties { limit } => format!("at least {limit} entries"),
        Kind::MaxItems { limit } | Kind::MaxProperties { limit } => format!("at most {limit} entries"),
        Kind::Minimum { limit } => format!("{limit} or more"),
        Kind::Maximum { limit } => format!("{limit} or less"),
        Kind::ExclusiveMinimum { limit } => format!("more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("less than {limit}"),
        Kind::UniqueItems => "every item only once".to_owned(),
        _ => return None,
    })
}
