//! How to keep what another hand did.

use crate::plan::diff::compare::placed;
use crate::plan::model::change::{FieldChange, Keep};
use crate::resource::{Desired, FieldPath, IgnoreRule, Origin};

/// The key to set, where one gives the field as it is, and otherwise the line to add to `ignore_changes`.
/// `unit` is the field as it is owned: where that is more than the line (an atomic list), it is kept whole.
pub(in crate::plan) fn advice(desired: &Desired, field: &FieldChange, unit: &FieldPath) -> Keep {
    // A value that nobody may see cannot be copied into a file.
    let paths = [&field.path, unit].into_iter().filter(|_| !field.sensitive);
    let key = paths.filter_map(|path| key(desired, path)).find(|origin| {
        // What is gone is kept by taking the key out, which has to stand there.
        field.before.is_some() || origin.span.is_some()
    });
    key.map_or_else(|| Keep::Ignore(rule(desired, unit)), |origin| Keep::Key(origin.clone()))
}

fn key<'d>(desired: &'d Desired, path: &FieldPath) -> Option<&'d Origin> {
    let place = placed(&desired.object, path);
    desired.settable.get(&place)?;
    desired.origins.get(&place)
}

/// The line, as a user writes it.
fn rule(desired: &Desired, path: &FieldPath) -> String {
    let object = desired.address.object.as_ref().map(ToString::to_string);
    IgnoreRule { object, path: path.clone() }.to_string()
}
