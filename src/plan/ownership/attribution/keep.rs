//! How to keep a change that others made to a field.

use crate::plan::model::field_change::{FieldChange, Keep};
use crate::resource::{Desired, FieldPath, IgnoreRule, Origin};

/// The key of the configuration to set, where one gives the field its value; otherwise the line to add to
/// `ignore_changes`. `owned` is the field as we own it: where that is more than the changed field (an atomic
/// list), all of it is kept.
pub(super) fn advice(desired: &Desired, field: &FieldChange, owned: &FieldPath) -> Keep {
    // A value that nobody may see cannot be copied into a file.
    let paths = [&field.path, owned].into_iter().filter(|_| !field.sensitive);
    let key = paths.filter_map(|path| key(desired, path)).find(|origin| {
        // A field that is gone is kept so by removing its key, which must be in the file.
        field.before.is_some() || origin.span.is_some()
    });
    key.map_or_else(|| Keep::Ignore(ignore_line(desired, owned)), |origin| Keep::Key(origin.clone()))
}

fn key<'d>(desired: &'d Desired, path: &FieldPath) -> Option<&'d Origin> {
    let place = path.indexed_in(&desired.object);
    desired.settable.get(&place)?;
    desired.origins.get(&place)
}

/// The line of `ignore_changes`, as a user writes it.
fn ignore_line(desired: &Desired, path: &FieldPath) -> String {
    let object = desired.address.object.as_ref().map(ToString::to_string);
    IgnoreRule { object, path: path.clone() }.to_string()
}
