//! A way into the cluster is closed before what it leads to is changed.
//!
//! Deletes come after all writes. But where the same plan takes an Ingress away and the passwords of the programs behind
//! it, nobody is to come in without one in between, nor after a run that was cut off there.

use std::collections::{BTreeMap, BTreeSet};

use crate::kubernetes::certificates::is_issuer;
use crate::kubernetes::record_requests::is_request;
use crate::plan::input::plan_input::Known;
use crate::plan::model::change::{Action, Change};
use crate::resource::dependencies::leads_in;
use crate::resource::{Address, Identity, is_house_group};

/// Lets each write of what a deleted way stands on, directly or not, await the end of that way. What a resource stood on when
/// it was applied, the state knows.
pub(in crate::plan) fn close_first(changes: &mut [Change], known: &BTreeMap<Address, Known>) {
    let closed: Vec<&Change> = changes.iter().filter(|change| is_closed(change)).collect();
    if closed.is_empty() {
        return;
    }
    let by_address: BTreeMap<&Address, &Change> =
        changes.iter().map(|change| (&change.address, change)).collect();
    let mut awaiting: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
    for way in closed {
        for behind in behind(way, known, &by_address).into_iter().filter(|change| change.action.writes()) {
            awaiting.entry(behind.address.clone()).or_default().insert(way.address.clone());
        }
    }
    for change in changes {
        let Some(ways) = awaiting.remove(&change.address) else { continue };
        change.awaits.extend(ways);
        change.awaits.sort();
        change.awaits.dedup();
    }
}

/// Whether it is a way that is deleted.
fn is_closed(change: &Change) -> bool {
    let leads_in = |object: &_| leads_in(&change.target.identity, object);
    change.action == Action::Delete && change.prior.as_ref().is_some_and(|live| leads_in(&live.object))
}

/// What a way stands on, directly or not, as far as it decides who comes in and who answers.
fn behind<'c>(
    way: &Change,
    known: &'c BTreeMap<Address, Known>,
    by_address: &BTreeMap<&'c Address, &'c Change>,
) -> Vec<&'c Change> {
    let mut seen: BTreeSet<&Address> = BTreeSet::new();
    let mut found = Vec::new();
    let mut open: Vec<&Address> =
        known.get(&way.address).into_iter().flat_map(|way| &way.dependencies).collect();
    while let Some(address) = open.pop() {
        let Some(change) = by_address.get(address).filter(|_| seen.insert(address)) else { continue };
        // What stands behind a record or an issuer decides no more than they do: their own dependencies are not followed.
        if !decides(&change.target.identity) {
            continue;
        }
        found.push(*change);
        open.extend(&change.dependencies);
    }
    found
}

/// Whether a change of this object may let somebody in who was not let in before. The name, who signs certificates and the
/// namespace do not: a registry that moves from one way to another one keeps the old way until they lead to the new one.
fn decides(identity: &Identity) -> bool {
    let is_record = is_house_group(&identity.group) || is_request(identity);
    !is_record && !is_issuer(identity) && !identity.is("", "Namespace")
}
