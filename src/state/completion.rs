//! What the caller passes to the store when a run begins and when it finishes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::changed::Changed;
use super::journal::Intent;
use super::model::State;
use super::revision::Revision;
use super::secret_values::SecretValues;
use super::stored_desired::StoredDesired;
use crate::resource::{Address, ClusterIdentity, Identity, NamespaceSelection};

/// What a run is going to do.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// The digest of the plan.
    pub plan: String,
    /// The cluster that the run writes to; the first run records it in the state.
    pub cluster: ClusterIdentity,
    /// What the configuration was read from that the run makes true.
    pub read_from: ReadFrom,
    /// What is going to be done, in the plan's order.
    pub intents: Vec<Intent>,
}

/// What a configuration was read from. Another one may be that of another environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadFrom {
    /// Its files, relative to the folder of the first one.
    pub files: Vec<String>,
    /// The variables to which the command line or the environment gave another value than their default.
    pub variables: Vec<String>,
    /// Which namespaces its blocks choose by their labels.
    pub selections: Vec<NamespaceSelection>,
}

/// What a revision keeps beyond the state.
#[derive(Debug, Clone, Default)]
pub struct Completion {
    /// What the history calls it, such as `apply` or `rollback 3`.
    pub command: String,
    /// The digest of the configuration.
    pub configuration: String,
    /// What the run changed, and how.
    pub changed: Changed,
    /// What was desired.
    pub desired: BTreeMap<Address, StoredDesired>,
    /// The secret values of what was desired.
    pub values: SecretValues,
    /// What the run left out: it is desired as it was in the revision before.
    pub left_out: BTreeSet<Address>,
    /// What of the left out was taken over, by its address now, with that of the revision before.
    pub carried: BTreeMap<Address, Address>,
}

impl Completion {
    /// Takes over from the revision before what was desired of the resources that the run left out. They are
    /// matched by their object, since an address may have changed in the state meanwhile.
    pub(super) fn carry_over(&mut self, before: Revision, now: &State) {
        let known = |address| now.resources.get(address).map(|known| (&known.identity, address));
        let by_object: HashMap<&Identity, &Address> = self.left_out.iter().filter_map(known).collect();
        for (old, desired) in before.desired {
            let by_identity = desired.identity().and_then(|identity| by_object.get(&identity).copied());
            // A resource that is used and never owned (a shared namespace) is not in the state.
            let is_unknown = || self.left_out.contains(&old) && !now.resources.contains_key(&old);
            let address = match by_identity {
                Some(address) => address.clone(),
                None if is_unknown() => old.clone(),
                None => continue,
            };
            self.desired.insert(address.clone(), desired);
            self.carried.insert(address, old);
        }
    }
}
