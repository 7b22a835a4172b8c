//! Values that only one object can have, and that two objects want: both places are shown.

use std::collections::BTreeMap;

use super::places::{Place, Places};
use crate::blocks::codes;
use crate::diagnostic::Diagnostic;
use crate::resource::dependencies::{Exclusive, exclusive};
use crate::resource::{Desired, FieldPath};

/// Pushes a mistake for every two objects that want the same value.
pub(in crate::blocks) fn contested(
    resources: &[Desired],
    places: &Places<'_>,
    mistakes: &mut Vec<Diagnostic>,
) {
    let mut wanted: BTreeMap<Exclusive, (&Desired, FieldPath)> = BTreeMap::new();
    for desired in resources {
        for (value, path) in exclusive(&desired.identity, &desired.object) {
            match wanted.get(&value) {
                // The same object twice is another mistake.
                Some((first, _)) if first.identity == desired.identity => {}
                Some((first, first_path)) => {
                    mistakes.push(mistake(value, (first, first_path), (desired, &path), places));
                }
                None => {
                    wanted.insert(value, (desired, path));
                }
            }
        }
    }
}

fn mistake(
    value: Exclusive,
    first: (&Desired, &FieldPath),
    second: (&Desired, &FieldPath),
    places: &Places<'_>,
) -> Diagnostic {
    let message = format!(
        "`{}` and `{}` both want {value}, which only one can have",
        first.0.address, second.0.address
    );
    let place = |(desired, path): (&Desired, &FieldPath)| places.of(&desired.origins, path);
    let mistake = Diagnostic::error(codes::CONTESTED_VALUE, message)
        .help("give one of them another value, or leave it out");
    Place::mark_both(place(first), place(second), mistake)
}
