//! What is remembered of resources: by the state, by a killed run, and by Helm.

use std::collections::{BTreeMap, HashMap};

use super::Wanted;
use crate::graph::Graph;
use crate::plan::{Known, Mode, Reason};
use crate::resource::{Address, BlockAddress, HelmRecord, HelmRelease, Identity, Target};
use crate::state::{Intent as Doubt, Provenance, State};

/// What a plan of this mode knows before it asks.
pub(super) fn of(wanted: &Wanted<'_>, state: &State, mode: Mode) -> BTreeMap<Address, Known> {
    let graph = wanted.graph;
    let mut known = known(state, |address| graph.get(address).map(|desired| &desired.identity));
    // They run as those of a new chart do.
    known.retain(|address, known| {
        known.hook.is_none() || !wanted.lost.contains(&address.block) || graph.get(address).is_none()
    });
    match (wanted.revision, mode) {
        (None, Mode::Apply) => records_of_helm(graph).into_iter().chain(known).collect(),
        _ => known,
    }
}

/// The resources that the state knows, and those that a killed run may have made. The annotations of the
/// latter tell whether they are ours.
fn known<'d>(state: &State, desired: impl Fn(&Address) -> Option<&'d Identity>) -> BTreeMap<Address, Known> {
    let addresses: HashMap<&Identity, &Address> =
        state.resources.iter().map(|(address, resource)| (&resource.identity, address)).collect();
    // What the state knows under another address (`[[moved]]`, which no run has recorded yet) is looked at there.
    let is_known_elsewhere = |intent: &&Doubt| {
        addresses.get(&intent.target.identity).is_some_and(|known| **known != intent.address)
    };
    // Nobody has seen ready what a run has perhaps written without recording it.
    let begun = state.unfinished.as_ref().map(|run| run.begun);
    let doubts = state.in_doubt.iter().filter(|intent| !is_known_elsewhere(intent));
    let doubts = doubts.filter_map(|intent| {
        let known = Known { awaited_since: begun, doubted: true, ..Known::of(intent.target.clone()) };
        Some((address_of_doubt(state, intent, &desired)?, known))
    });
    let resources = state.resources.iter().map(|(address, resource)| {
        let doubted = state.in_doubt.iter().any(|doubt| doubt.target.identity == resource.identity);
        let known = Known {
            uid: resource.uid.clone(),
            dependencies: resource.dependencies.clone(),
            protect: resource.protect,
            timeouts: resource.timeouts,
            applied: resource.applied.clone(),
            ready: resource.ready.clone(),
            awaited_since: resource.readiness.awaited_since().or(begun.filter(|_| doubted)),
            completed: resource.readiness.completed().map(str::to_owned),
            hook: resource.hook,
            leftover: resource.leftover.clone(),
            random_of: resource.random_of.as_ref().map(ToString::to_string),
            doubted,
            taken_over: resource.provenance == Provenance::Adopted,
            ..Known::of(resource.target())
        };
        (address.clone(), known)
    });
    doubts.chain(resources).collect()
}

/// What Helm remembers of releases that charts take over. It leaves once all of their objects are taken over.
fn records_of_helm(graph: &Graph) -> BTreeMap<Address, Known> {
    let charts: BTreeMap<&BlockAddress, &HelmRelease> = graph
        .resources()
        .filter_map(|desired| Some((&desired.address.block, desired.release.as_ref()?)))
        .collect();
    let records = charts
        .into_iter()
        .flat_map(|(chart, release)| release.records.iter().map(|record| (chart.clone(), record.clone())));
    let known = records.map(|(chart, HelmRecord { object, uid, .. })| {
        let address = Address::object(chart, &object, None);
        let target = Target { identity: object, version: Some("v1".to_owned()) };
        let known = Known { uid, leaves_for: Some(Reason::HelmRecord), ..Known::of(target) };
        (address, known)
    });
    known.collect()
}

/// The address under which an object is looked for that a killed run may have made: its own, unless the state
/// knows another object under it (the run was about to replace that by an object of another name). An object
/// that is desired under its address is looked at anyway.
fn address_of_doubt<'d>(
    state: &State,
    doubt: &Doubt,
    desired: impl Fn(&Address) -> Option<&'d Identity>,
) -> Option<Address> {
    let identity = &doubt.target.identity;
    let known = state.resources.get(&doubt.address);
    if known.is_none_or(|known| known.identity == *identity) {
        return Some(doubt.address.clone());
    }
    let is_desired = desired(&doubt.address) == Some(identity);
    (!is_desired).then(|| Address::object(doubt.address.block.clone(), identity, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{IntentKind, StoredResource};

    #[test]
    fn what_the_state_knows_under_its_old_address_is_looked_for_once() {
        let target = Target { identity: Identity::namespaced("", "ConfigMap", "a", "c"), version: None };
        let (old, new) = (Address::block("resource", "old"), Address::block("resource", "new"));
        let mut state = State::new("p");
        state.resources.insert(old.clone(), StoredResource::new(target.clone(), "u", Provenance::Created));
        state.in_doubt.push(Doubt { address: new, action: IntentKind::Delete, target, renews: false });
        assert_eq!(known(&state, |_| None).into_keys().collect::<Vec<_>>(), [old]);
    }

    #[test]
    fn what_a_killed_replacement_may_have_made_is_looked_for_beside_what_it_was_to_replace() {
        let identity = |name: &str| Identity::namespaced("", "ConfigMap", "a", name);
        let address = Address::block("resource", "c");
        let mut state = State::new("p");
        let target = Target { identity: identity("old"), version: None };
        let old = StoredResource::new(target, "u", Provenance::Created);
        state.resources.insert(address.clone(), old);
        let new = identity("new");
        let target = Target { identity: new.clone(), version: None };
        state.in_doubt.push(Doubt {
            address: address.clone(),
            action: IntentKind::Replace,
            target,
            renews: false,
        });
        let looked_for = |desired: Option<&Identity>| {
            let known = known(&state, |_| desired);
            known.keys().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(looked_for(None), ["resource.c", "resource.c/ConfigMap/a/new"]);
        assert_eq!(looked_for(Some(&new)), ["resource.c"], "it is looked at where it is desired");
    }
}
