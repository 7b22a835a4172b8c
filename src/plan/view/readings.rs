//! What was read.

use std::collections::HashMap;
use std::sync::Arc;

use crate::resource::{Address, GroupKind, Live, Problem, Reading, Target};

/// What was read, by address.
#[derive(Debug, Default)]
pub(in crate::plan) struct Readings {
    current: HashMap<Address, Reading>,
    /// The addresses under which an object was read, by its uid. What was read there may have been dropped since.
    by_uid: HashMap<String, Vec<Address>>,
    /// Of addresses whose object has another name now: the object of the old name.
    predecessors: HashMap<Address, Reading>,
    /// How often an object had to be read again.
    repeats: HashMap<Address, u8>,
    /// Whether objects of a kind, in a version, can be made.
    served: HashMap<KindInVersion, Result<(), Problem>>,
}

/// A kind, and the version in which it is desired.
type KindInVersion = (GroupKind, Option<String>);

fn kind_of(target: &Target) -> KindInVersion {
    (target.identity.group_kind(), target.version.clone())
}

impl Readings {
    /// Whether nothing was read yet.
    pub(in crate::plan) fn is_empty(&self) -> bool {
        self.current.is_empty()
    }

    /// Takes in what was read of these.
    pub(in crate::plan) fn take(&mut self, addresses: Vec<Address>, readings: Vec<Reading>) {
        for (address, reading) in addresses.into_iter().zip(readings) {
            if let Reading::Present(live) = &reading {
                self.by_uid.entry(live.stamp.uid.clone()).or_default().push(address.clone());
            }
            self.current.insert(address, reading);
        }
    }

    /// Takes in what was read of the objects that had these addresses before.
    pub(in crate::plan) fn take_predecessors(&mut self, addresses: Vec<Address>, readings: Vec<Reading>) {
        self.predecessors.extend(addresses.into_iter().zip(readings));
    }

    /// Drops what was read, because the object has changed since.
    pub(in crate::plan) fn drop_outdated(&mut self, address: &Address) {
        self.current.remove(address);
        *self.repeats.entry(address.clone()).or_default() += 1;
    }

    /// Takes in whether objects of these kinds can be made.
    pub(in crate::plan) fn take_served(&mut self, targets: &[Target], answers: Vec<Result<(), Problem>>) {
        // What has no answer is not asked again: the write itself will say it.
        let answers = answers.into_iter().chain(std::iter::repeat(Ok(())));
        self.served.extend(targets.iter().map(kind_of).zip(answers));
    }

    /// Whether objects of this kind can be made; `None` where nobody has asked.
    pub(super) fn served(&self, target: &Target) -> Option<&Result<(), Problem>> {
        self.served.get(&kind_of(target))
    }

    /// What was read under this address.
    pub(super) fn of(&self, address: &Address) -> Option<&Reading> {
        self.current.get(address)
    }

    /// The object that was read under this address.
    pub(super) fn live(&self, address: &Address) -> Option<&Arc<Live>> {
        match self.current.get(address)? {
            Reading::Present(live) => Some(live),
            Reading::Absent | Reading::Unreadable(_) => None,
        }
    }

    /// The addresses under which the object of this uid was read.
    pub(super) fn addresses_of(&self, uid: &str) -> impl Iterator<Item = &Address> {
        let addresses = self.by_uid.get(uid).into_iter().flatten();
        addresses.filter(move |address| self.live(address).is_some_and(|live| live.stamp.uid == uid))
    }

    /// What was read of the object that had this address before.
    pub(super) fn predecessor(&self, address: &Address) -> Option<&Reading> {
        self.predecessors.get(address)
    }

    /// Whether the object has changed since it was read, and was not read again yet.
    pub(super) fn is_outdated(&self, address: &Address) -> bool {
        self.repeats.contains_key(address) && !self.current.contains_key(address)
    }

    /// How often what was read had to be dropped.
    pub(super) fn repeats(&self, address: &Address) -> u8 {
        self.repeats.get(address).copied().unwrap_or_default()
    }
}
