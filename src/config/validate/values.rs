//! The mistakes for a value that is not what it must be.

use serde_json::Value;

use super::words::{choices_help, quotes_help, type_name};
use crate::config::codes;
use crate::config::markers::SECRET_SOURCE;
use crate::config::node::Node;
use crate::config::shape::Shape;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::{list, suggest};
use crate::resource::FieldPath;

/// A value of another type than the schema names.
pub(super) fn wrong_type(at: &FieldPath, node: &Node, shape: &Shape<'_>) -> Diagnostic {
    if shape.has(SECRET_SOURCE) && node.as_table().is_none() {
        return in_clear(at, node);
    }
    let expected = shape.types().iter().map(|name| type_name(name)).collect::<Vec<_>>().join(" or ");
    let is_source = node.as_table().is_some_and(|table| {
        table.entries.len() == 1 && ["env", "file", "generate"].iter().any(|key| table.get(key).is_some())
    });
    if is_source {
        let message = format!("`{at}` takes no secret: it is {expected}");
        return Diagnostic::error(codes::SECRET_NOT_EXPECTED, message)
            .at(node.span, format!("expected {expected}"));
    }
    let message = format!("`{at}` must be {expected}, not {}", node.describe());
    let mut mistake =
        Diagnostic::error(codes::WRONG_TYPE, message).at(node.span, format!("expected {expected}"));
    let types = shape.types();
    let choices = if types == ["string"] { shape.choices() } else { Vec::new() };
    mistake.help = choices_help(&choices).or_else(|| quotes_help(node, &types));
    mistake
}

/// A value in the place of a secret's source. The value is never said.
pub(super) fn in_clear(at: &FieldPath, node: &Node) -> Diagnostic {
    let help = "write where it comes from: `{ env = \"NAME\" }` or `{ file = \"path\" }`; or, where regplan may choose it, \
                `{ generate = { length = 32 } }`. Change the secret if this file was shared";
    let (code, message) = match node.as_str() {
        Some(_) => {
            (codes::SECRET_IN_CLEAR, format!("`{at}` is a secret, and a secret never stands in the file"))
        }
        None => (codes::WRONG_TYPE, format!("`{at}` must be a source of a secret, not {}", node.describe())),
    };
    Diagnostic::error(code, message).at(node.span, "").help(help)
}

/// A value that is none of those that the schema lists.
pub(super) fn not_among(at: &FieldPath, node: &Node, options: &[Value]) -> Diagnostic {
    let options: Vec<_> =
        options.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
    let names = options.iter().map(String::as_str);
    let (message, help) = match node.as_str() {
        Some(text) => (format!("`{text}` cannot be `{at}`"), suggest(text, names.clone(), "")),
        None => (format!("`{at}` cannot be {}", node.describe()), String::new()),
    };
    let one_of = if options.len() > 1 { "one of " } else { "" };
    Diagnostic::error(codes::BAD_VALUE, message)
        .at(node.span, format!("expected {one_of}{}", list(names)))
        .help(if help.is_empty() { "take one of those".to_owned() } else { help })
}
