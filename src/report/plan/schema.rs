//! The schema of a definition in one line.

use crate::plan::{SchemaChange, SchemaSummary};
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
        (Some(before), Some(after)) => {
            format!("{} -> {}, {fields} changed", summary(before), summary(after))
        }
        (None, Some(after)) => summary(after),
        (Some(before), None) => format!("{}, removed", summary(before)),
        (None, None) => format!("{fields} changed"),
    }
}
