//! Objects that are declared twice: both places are shown.

use std::collections::BTreeMap;

use super::places::{Place, Places};
use crate::blocks::codes;
use crate::diagnostic::Diagnostic;
use crate::resource::{Address, Desired, FieldPath, Identity};

/// Pushes a mistake for every two objects that are the same, or have the same address.
pub(in crate::blocks) fn duplicates(
    resources: &[Desired],
    places: &Places<'_>,
    mistakes: &mut Vec<Diagnostic>,
) {
    let mut identities: BTreeMap<&Identity, &Desired> = BTreeMap::new();
    let mut addresses: BTreeMap<&Address, &Desired> = BTreeMap::new();
    for desired in resources {
        let first = match identities.get(&desired.identity) {
            Some(first) => Some(*first),
            None => addresses.get(&desired.address).copied(),
        };
        let Some(first) = first else {
            identities.insert(&desired.identity, desired);
            addresses.insert(&desired.address, desired);
            continue;
        };
        let root = FieldPath::root();
        let key =
            |desired: &Desired| desired.origin(&root).map(|origin| origin.key.clone()).unwrap_or_default();
        let message = if first.identity == desired.identity {
            format!("{} is declared twice: by `{}` and by `{}`", desired.identity, key(first), key(desired))
        } else {
            format!(
                "two objects have the address `{}`: {} and {}",
                desired.address, first.identity, desired.identity
            )
        };
        let mistake = Diagnostic::error(codes::DUPLICATE_OBJECT, message)
            .help("remove one of them, or give it another name or namespace");
        let place = |desired: &Desired| places.of(&desired.origins, &root);
        mistakes.push(Place::mark_both(place(first), place(desired), mistake));
    }
}
