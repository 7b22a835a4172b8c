//! Values that only one object can have, and that two objects want: both places are shown.

use std::collections::BTreeMap;

use super::places::{Place, Places};
use crate::blocks::codes;
use crate::diagnostic::Diagnostic;
use crate::resource::dependencies::{Exclusive, exclusive};
use crate::resource::{Desired, FieldPath, Identity, PullEntry};

/// Pushes a mistake for every two objects that want the same value.
pub(in crate::blocks) fn contested(
    resources: &[Desired],
    places: &Places<'_>,
    mistakes: &mut Vec<Diagnostic>,
) {
    shared_lists(resources, places, mistakes);
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

/// An account that is written with its `imagePullSecrets` as a whole, and entries that are added to that list: each apply
/// would take away what the other one has put there.
fn shared_lists(resources: &[Desired], places: &Places<'_>, mistakes: &mut Vec<Diagnostic>) {
    let list = FieldPath::keys(["imagePullSecrets"]);
    let whole: BTreeMap<&Identity, &Desired> = resources
        .iter()
        .filter(|desired| desired.identity.is("", "ServiceAccount") && list.get(&desired.object).is_some())
        .map(|desired| (&desired.identity, desired))
        .collect();
    for entry in resources {
        let account = PullEntry::of(&entry.identity).map(|entry| entry.account());
        let Some(account) = account.as_ref().and_then(|account| whole.get(account)) else { continue };
        let message = format!(
            "`{}` sets `imagePullSecrets` as a whole, and `{}` adds an entry to it",
            account.address, entry.address
        );
        let mistake = Diagnostic::error(codes::CONTESTED_VALUE, message)
            .help("take `imagePullSecrets` out of the ServiceAccount, or name the Secret in it and not in `service_accounts`");
        let (first, second) =
            (places.of(&account.origins, &list), places.of(&entry.origins, &FieldPath::keys(["spec"])));
        mistakes.push(Place::mark_both(first, second, mistake));
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
