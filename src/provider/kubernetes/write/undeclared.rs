//! What was probably meant by fields that the server does not have.

use crate::diagnostic::nearest::{list, nearest};
use crate::kubernetes::openapi::ObjectSchema;
use crate::provider::kubernetes::problem::NOT_DECLARED;
use crate::resource::{FieldPath, Problem, Segment};

/// The help for a refusal that names such fields; `None` where the kind has no field of nearly this name.
pub(super) fn help(problem: &Problem, schema: &ObjectSchema) -> Option<String> {
    let undeclared = problem.causes.iter().filter(|(_, reason, _)| reason == NOT_DECLARED);
    let meant: Vec<String> = undeclared
        .filter_map(|(path, ..)| meant(path.as_ref()?, schema))
        .map(|path| path.to_string())
        .collect();
    (!meant.is_empty()).then(|| format!("did you mean {}?", list(meant.iter().map(String::as_str))))
}

/// The declared field beside this one whose name is nearest.
fn meant(path: &FieldPath, schema: &ObjectSchema) -> Option<FieldPath> {
    let above = path.parent()?;
    let Segment::Key(key) = path.segments().last()? else { return None };
    let near = nearest(key, schema.root()?.at(&above)?.names())?;
    Some(above.key(near))
}
