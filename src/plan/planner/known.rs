//! What the state knows, held against what is desired: which object is which, whatever its address.

use std::sync::Arc;

use crate::plan::input::question::Known;
use crate::plan::model::plan::Mode;
use crate::plan::ownership::claim;
use crate::plan::planner::Planner;
use crate::resource::{Address, Desired, Identity, Live, Reading};

impl Planner {
    /// What the state knows of the object, under this address or (a renamed block) under another one.
    pub(in crate::plan) fn known_as(&self, desired: &Desired) -> Option<(&Address, &Known)> {
        let same = self.input.known.get_key_value(&desired.address);
        let same = same.filter(|(_, known)| known.target.identity == desired.identity);
        same.or_else(|| {
            let address = self.known_identities.get(&desired.identity)?;
            if self.by_address.contains_key(address) { None } else { self.input.known.get_key_value(address) }
        })
    }

    /// Whether a desired resource of another address is this very object.
    pub(in crate::plan) fn desires(&self, identity: &Identity, uid: Option<&str>) -> bool {
        self.input.mode == Mode::Apply
            && self.input.desired.iter().chain(&self.input.left_out.desired).any(|desired| {
                desired.identity == *identity
                    || uid.is_some_and(|uid| {
                        self.live(&desired.address).is_some_and(|live| live.stamp.uid == uid)
                    })
            })
    }

    /// Whether the state knows the object under another address as well, one that is desired.
    pub(in crate::plan) fn is_known_elsewhere(&self, address: &Address, identity: &Identity) -> bool {
        self.input.desired.iter().any(|desired| {
            let known = self.input.known.get(&desired.address);
            desired.address != *address && known.is_some_and(|known| known.target.identity == *identity)
        })
    }

    /// Whether the configuration wants this very object under this very address.
    pub(in crate::plan) fn is_desired_as(&self, address: &Address, identity: &Identity) -> bool {
        self.desired_at(address).is_some_and(|desired| desired.identity == *identity)
    }

    /// What was read of an object that the state knows: under its address there may be another one now.
    pub(in crate::plan) fn reading_of_known(
        &self,
        address: &Address,
        identity: &Identity,
    ) -> Option<&Reading> {
        let renamed = self.desired_at(address).is_some_and(|desired| desired.identity != *identity);
        if renamed { self.predecessors.get(address) } else { self.readings.get(address) }
    }

    /// The object that had the address before under another name, if it is to go.
    pub(in crate::plan) fn predecessor(&self, desired: &Desired) -> Option<(&Known, &Live)> {
        let known = self.input.known.get(&desired.address)?;
        let Reading::Present(live) = self.predecessors.get(&desired.address)? else { return None };
        let ours = live.stamp.uid == known.uid || claim::is_marked_ours(live, self.owner());
        (ours && !self.desires(&known.target.identity, Some(&live.stamp.uid))).then_some((known, &**live))
    }

    /// What the configuration wants under this address.
    pub(in crate::plan) fn desired_at(&self, address: &Address) -> Option<&Arc<Desired>> {
        self.input.desired.get(*self.by_address.get(address)?)
    }
}
