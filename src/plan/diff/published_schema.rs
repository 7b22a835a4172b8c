//! Whether an object that the server cannot be asked about has only fields that the server knows, with values of the
//! right sort. The server refuses all others.

use serde_json::Value;

use crate::diagnostic::nearest::nearest;
use crate::kubernetes::openapi::{FieldSchema, ObjectSchema, ValueForm};
use crate::plan::diff::misfit::{Mistake, rejected};
use crate::resource::{Desired, FieldPath, Problem, Segment};

/// What the server will refuse; `None` where it will take the fields, as far as its schema tells.
pub(in crate::plan) fn check(schema: &ObjectSchema, desired: &Desired, sent: &Value) -> Option<Problem> {
    let mut mistakes = Vec::new();
    walk(schema.root()?, sent, &mut FieldPath::root(), desired, &mut mistakes);
    let head = format!("the server does not take this {}:", desired.identity.kind);
    (!mistakes.is_empty()).then(|| rejected(&head, desired, mistakes))
}

fn walk(
    schema: FieldSchema<'_>,
    value: &Value,
    path: &mut FieldPath,
    desired: &Desired,
    mistakes: &mut Vec<Mistake>,
) {
    let is_open = desired.unresolved.get(path).is_some() || desired.unchecked.get(path).is_some();
    if value.is_null() || is_open {
        return;
    }
    if let Some(wanted) = wanted_instead(schema.form(), value) {
        let words = format!("it must be {wanted}, and is {}", sort_of(value));
        mistakes.push(Mistake { path: path.clone(), reason: "FieldValueTypeInvalid", words });
        return;
    }
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match schema.field(key) {
                    Some(below) => {
                        let step = Segment::Key(key.clone());
                        path.within(step, |path| walk(below, value, path, desired, mistakes));
                    }
                    None if schema.is_closed() => {
                        mistakes.push(unknown(schema, key, path.key(key.as_str())));
                    }
                    None => {}
                }
            }
        }
        Value::Array(items) => {
            let Some(below) = schema.item() else { return };
            for (at, item) in items.iter().enumerate() {
                path.within(Segment::Index(at), |path| walk(below, item, path, desired, mistakes));
            }
        }
        _ => {}
    }
}

fn unknown(schema: FieldSchema<'_>, key: &str, path: FieldPath) -> Mistake {
    let hint = nearest(key, schema.names()).map(|near| format!("; did you mean `{near}`?"));
    let words = format!("the server does not have this field{}", hint.unwrap_or_default());
    Mistake { path, reason: "FieldNotDeclared", words }
}

/// What the field takes, where this value is something else.
fn wanted_instead(form: ValueForm, value: &Value) -> Option<&'static str> {
    let is_whole = || value.as_f64().is_some_and(|number| number.fract() == 0.0);
    let (fits, wanted) = match form {
        ValueForm::Text | ValueForm::Encoded => (value.is_string(), "text"),
        ValueForm::Integer => (is_whole(), "an integer"),
        ValueForm::Number => (value.is_number(), "a number"),
        ValueForm::Quantity => (value.is_string() || value.is_number(), "an amount"),
        ValueForm::Boolean => (value.is_boolean(), "true or false"),
        ValueForm::List => (value.is_array(), "a list"),
        ValueForm::Map => (value.is_object(), "a map"),
        ValueForm::Any => return None,
    };
    (!fits).then_some(wanted)
}

fn sort_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
