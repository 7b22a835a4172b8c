//! Definitions of custom resources in a rollback: they stay as they are. An older one could lose fields of the objects
//! that are stored.

use std::collections::{BTreeMap, BTreeSet};

use crate::kubernetes::kinds::is_definition;
use crate::resource::{Address, Identity};
use crate::state::{Revision, State, StoredDesired, StoredResource};

/// What is desired, with definitions as they are now.
pub(super) struct WithDefinitions<'r> {
    /// What is desired of each resource.
    pub(super) wanted: BTreeMap<Address, &'r StoredDesired>,
    /// Definitions of which no revision says how they are now: nothing is desired of them, and they stay.
    pub(super) left_out: BTreeSet<Address>,
}

/// What the revision wanted; but of a definition that is there, what the newest revision wanted, and of one that was
/// written since, nothing. A definition that is not there any more comes back as it was last.
pub(super) fn with_present_definitions<'r>(
    revision: &'r Revision,
    newest: Option<&'r Revision>,
    state: &State,
) -> WithDefinitions<'r> {
    let is_of_definition = |stored: &StoredDesired| stored.identity().as_ref().is_some_and(is_definition);
    let (definitions, others): (Vec<_>, Vec<_>) =
        revision.desired.iter().partition(|(_, stored)| is_of_definition(stored));
    let mut wanted: BTreeMap<Address, &StoredDesired> =
        others.into_iter().map(|(address, stored)| (address.clone(), stored)).collect();
    let mut left_out = BTreeSet::new();
    let present = state.resources.iter().filter(|(_, known)| is_definition(&known.identity));
    for (address, known) in present {
        match newest.and_then(|newest| as_it_is(newest, known)) {
            Some((address, stored)) => drop(wanted.insert(address.clone(), stored)),
            None => drop(left_out.insert(address.clone())),
        }
    }
    let is_present = |identity: &Identity| state.resources.values().any(|known| known.identity == *identity);
    for (address, stored) in definitions {
        let gone = stored.identity().filter(|identity| !is_present(identity));
        let Some(identity) = gone else { continue };
        let last = newest.and_then(|newest| by_identity(newest, &identity));
        let (address, stored) = last.unwrap_or((address, stored));
        wanted.insert(address.clone(), stored);
    }
    WithDefinitions { wanted, left_out }
}

/// What the revision says of a definition, where that one was not written since.
fn as_it_is<'r>(newest: &'r Revision, known: &StoredResource) -> Option<(&'r Address, &'r StoredDesired)> {
    let is_unwritten = newest.state.resources.values().any(|then| then.is_of_same_write(known));
    by_identity(newest, &known.identity).filter(|_| is_unwritten)
}

fn by_identity<'r>(revision: &'r Revision, identity: &Identity) -> Option<(&'r Address, &'r StoredDesired)> {
    revision.desired.iter().find(|(_, stored)| stored.identity().as_ref() == Some(identity))
}
