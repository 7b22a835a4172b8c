//! What is not deleted, and why: what is protected, what holds something that stays, and what that stands on.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::graph::{KnownObject, needs};
use crate::kubernetes::cascade::CascadeScope;
use crate::plan::model::plan::Mode;
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

/// What is not deleted.
#[derive(Debug, Default)]
pub(super) struct Kept<'a> {
    /// The addresses, each with the reason.
    pub(super) reasons: BTreeMap<&'a Address, Reason>,
    /// What would be kept, or is needed by something that stays, and is deleted all the same, because somebody agreed to that.
    pub(super) given_up: BTreeSet<&'a Address>,
}

/// What is kept of this, and of what stands below it.
pub(super) fn kept<'a>(
    overview: Overview<'a>,
    leaving: &[Leaving<'a>],
    staying: &[(&Identity, Reason)],
) -> Kept<'a> {
    let consent = &overview.input().consent;
    let agreed = leaving.iter().filter(|one| consent.destroy.contains(one.address()));
    let given_up = agreed.filter(|one| guard(overview, one).is_some()).map(Leaving::address).collect();
    let mut kept = Kept { reasons: by_itself(overview, leaving, staying), given_up };
    for (address, by) in needed(overview, leaving, &kept.reasons) {
        if consent.destroy.contains(address) {
            kept.given_up.insert(address);
        } else {
            let reason = Reason::NeededByStaying { address: address.clone(), by: by.clone() };
            kept.reasons.insert(address, reason);
        }
    }
    kept
}

/// Why it is not deleted without consent. What was there before it was taken over was there at an earlier revision, too: a
/// rollback does not know it, and does not go back to a world without it.
fn guard(overview: Overview<'_>, one: &Leaving<'_>) -> Option<Reason> {
    let address = one.address().clone();
    if one.is_protected() {
        return Some(Reason::Protected { address });
    }
    let is_rollback = overview.input().revision.is_some();
    (is_rollback && one.is_taken_over()).then_some(Reason::ThereBefore { address })
}

/// What is kept for its own sake, or for what it holds.
fn by_itself<'a>(
    overview: Overview<'a>,
    leaving: &[Leaving<'a>],
    staying: &[(&Identity, Reason)],
) -> BTreeMap<&'a Address, Reason> {
    let mut kept = BTreeMap::new();
    let mut inhabited = BTreeMap::new();
    let consent = &overview.input().consent.destroy;
    for one in leaving.iter().filter(|one| !consent.contains(one.address())) {
        if let Some(reason) = guard(overview, one) {
            kept.insert(one.address(), reason);
            inhabited.extend(one.identity().namespace.as_ref().map(|namespace| (namespace, one.address())));
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

/// What leaves although something stays that stands on it, directly or not: each with what stays. That is what is kept,
/// and what `[[removed]]` lets stay. A pod that is started again needs its Secret, its account and its Service.
fn needed<'a>(
    overview: Overview<'a>,
    leaving: &[Leaving<'a>],
    kept: &BTreeMap<&'a Address, Reason>,
) -> BTreeMap<&'a Address, &'a Address> {
    let input = overview.input();
    let released = input.known.keys().filter(|address| input.moves.released(address).is_some());
    let roots: Vec<&Address> = kept.keys().copied().chain(released).collect();
    if roots.is_empty() {
        return BTreeMap::new();
    }
    let below = foundations(overview, leaving);
    let leaves: BTreeSet<&Address> = leaving.iter().map(Leaving::address).collect();
    let mut found: BTreeMap<&Address, &Address> = BTreeMap::new();
    for root in roots {
        let mut open = vec![root];
        while let Some(above) = open.pop() {
            for &address in below.get(above).into_iter().flatten() {
                let is_new = leaves.contains(address) && !kept.contains_key(address);
                if is_new && !found.contains_key(address) {
                    found.insert(address, root);
                    // What is given up needs nothing any more.
                    if !input.consent.destroy.contains(address) {
                        open.push(address);
                    }
                }
            }
        }
    }
    found
}

/// What each object that was applied stands on: as the state says, and as the objects say that are there.
fn foundations<'a>(
    overview: Overview<'a>,
    leaving: &[Leaving<'a>],
) -> BTreeMap<&'a Address, Vec<&'a Address>> {
    let known = &overview.input().known;
    let mut below: BTreeMap<&Address, Vec<&Address>> =
        known.iter().map(|(address, known)| (address, known.dependencies.iter().collect())).collect();
    let there = known.iter().filter_map(|(address, known)| {
        Some((address, &known.target.identity, &overview.live(address)?.object))
    });
    let unrecorded = leaving.iter().filter(|one| !known.contains_key(one.address()));
    let unrecorded = unrecorded.filter_map(|one| {
        let desired = overview.desired_at(one.address())?;
        Some((one.address(), &desired.identity, &one.live().object))
    });
    let all: Vec<(&Address, &Identity, &Value)> = there.chain(unrecorded).collect();
    let objects: Vec<KnownObject<'_>> =
        all.iter().map(|(_, identity, object)| (*identity, *object)).collect();
    for (above, foundation) in needs(&objects) {
        below.entry(all[above].0).or_default().push(all[foundation].0);
    }
    below
}
