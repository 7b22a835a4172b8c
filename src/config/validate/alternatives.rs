//! Which of a schema's alternatives (`anyOf`, `oneOf`) was meant.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::paths::LocationSegment;

use crate::resource::FieldPath;

/// The place of an error within the table.
pub(super) fn place(error: &ValidationError<'_>) -> FieldPath {
    error.instance_path().iter().fold(FieldPath::root(), |path, segment| match segment {
        LocationSegment::Property(key) => path.key(key.into_owned()),
        LocationSegment::Index(index) => path.index(index),
    })
}

/// The errors of one alternative.
pub(super) type Errors = [ValidationError<'static>];

/// The errors of each alternative for this place. An alternative that is itself a choice is replaced by its
/// own alternatives: an optional value of several types is a choice within a choice.
pub(super) fn flattened<'e>(context: &'e [Vec<ValidationError<'static>>], at: &FieldPath) -> Vec<&'e Errors> {
    let nested = |errors: &'e Vec<ValidationError<'static>>| match errors.as_slice() {
        [error] if place(error) == *at => match error.kind() {
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => flattened(context, at),
            _ => vec![errors.as_slice()],
        },
        errors => vec![errors],
    };
    context.iter().flat_map(nested).collect()
}

/// The errors of the alternative that fits best: the one whose own keys are there and known, else the one
/// with the fewest errors. Only these are reported, because the user did not mean the others.
pub(super) fn best_alternative<'e>(alternatives: &[&'e Errors], at: &FieldPath) -> &'e Errors {
    let strangeness = |errors: &&&Errors| {
        let own = errors.iter().filter(|error| place(error) == *at);
        let missing = own.clone().filter(|error| matches!(error.kind(), Kind::Required { .. })).count();
        let unknown: usize = own
            .map(|error| match error.kind() {
                Kind::AdditionalProperties { unexpected } => unexpected.len(),
                _ => 0,
            })
            .sum();
        (missing, unknown, errors.len())
    };
    alternatives.iter().min_by_key(strangeness).copied().unwrap_or(&[])
}
