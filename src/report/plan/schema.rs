//! The schema of a definition in one line.

use crate::kubernetes::definition_schemas::SchemaSummary;
use crate::plan::SchemaChange;
use crate::report::format::plural::plural;

/// How many characters of a digest are shown.
const SHORT: usize = 12;

/// Which schema it is: `51234 bytes, sha256:ab12cd34ef56`.
pub(in crate::report) fn summary(schema: &SchemaSummary) -> String {
    let (method, digits) = schema.digest.split_once(':').unwrap_or(("sha256", &schema.digest));
    let digits: String = digits.chars().take(SHORT).collect();
    format!("{} bytes, {method}:{digits}", schema.bytes)
}

/// What happens to it, without its path.
pub(in crate::report) fn change(schema: &SchemaChange) -> String {
    let fields = format!("{} {}", schema.fields, plural(schema.fields, "field", "fields"));
    match (&schema.before, &schema.after) {
        (Some(_), Some(_)) => {
            format!("{}, {fields} changed", sides(schema.before.as_ref(), schema.after.as_ref()))
        }
        (None, None) => format!("{fields} changed"),
        (before, after) => sides(before.as_ref(), after.as_ref()),
    }
}

/// What was there and what is there.
pub(in crate::report) fn sides(before: Option<&SchemaSummary>, after: Option<&SchemaSummary>) -> String {
    match (before, after) {
        (Some(before), Some(after)) => format!("{} -> {}", summary(before), summary(after)),
        (None, after) => after.map(summary).unwrap_or_default(),
        (Some(before), None) => format!("{}, removed", summary(before)),
    }
}
