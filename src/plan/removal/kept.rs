//! What is not deleted, and why: what is protected, and what holds something that stays.

use std::collections::BTreeMap;

use crate::kubernetes::cascade::CascadeScope;
use crate::plan::model::plan::{Consent, Mode};
use crate::plan::model::reason::Reason;
use crate::plan::removal::leaving::Leaving;
use crate::plan::view::overview::Overview;
use crate::resource::{Address, Identity};

/// Objects that stay; a namespace or a definition that holds one of them is kept for this reason.
pub(super) fn staying(overview: Overview<'_>) -> Vec<(&Identity, Reason)> {
    let input = overview.input();
    let is_applied = input.mode == Mode::Apply;
    let left =
        input.known.iter().filter(|(address, _)| !is_applied || overview.desired_at(address).is_none());
    let released = left.filter(|(address, _)| input.moves.released(address).is_some());
    let released = released
        .map(|(address, known)| (&known.target.identity, Reason::HoldsReleased { address: address.clone() }));
    let desired = input.desired.iter().chain(&input.left_out.desired).filter(|_| is_applied);
    let desired =
        desired.map(|desired| (&desired.identity, Reason::HoldsDesired { address: desired.address.clone() }));
    released.chain(desired).collect()
}

/// The addresses of what is kept, each with the reason.
pub(super) fn kept<'a>(
    leaving: &[Leaving<'a>],
    staying: &[(&Identity, Reason)],
    consent: &Consent,
) -> BTreeMap<&'a Address, Reason> {
    let mut kept = BTreeMap::new();
    let mut inhabited = BTreeMap::new();
    for one in leaving.iter().filter(|one| one.is_protected()) {
        let address = one.address();
        if !consent.destroy.contains(address) {
            kept.insert(address, Reason::Protected { address: address.clone() });
            inhabited.extend(one.identity().namespace.as_ref().map(|namespace| (namespace, address)));
        }
    }
    for one in leaving.iter().filter(|one| one.identity().is("", "Namespace")) {
        if let Some(protected) = inhabited.get(&one.identity().name) {
            kept.insert(one.address(), Reason::HoldsProtected { address: (*protected).clone() });
        }
    }
    // No consent makes sense of deleting what the same plan makes, keeps or lets stay.
    for one in leaving {
        let Some(scope) = CascadeScope::of(&one.live().object) else { continue };
        if let Some((_, reason)) = staying.iter().find(|(identity, _)| scope.holds(identity)) {
            kept.insert(one.address(), reason.clone());
        }
    }
    kept
}
