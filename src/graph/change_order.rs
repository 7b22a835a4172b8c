//! The one order of an apply: of all writes and all deletes.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::cycle;
use super::delete_order::{RemovedResource, deletions};
use super::order::Order;
use super::outliving::outliving;
use crate::kubernetes::kinds::is_admission;
use crate::resource::{Address, Identity};

/// One change, as far as it matters for the order.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderedChange<'a> {
    /// The resource's address.
    pub address: Address,
    /// What it is.
    pub identity: Identity,
    /// The object as it is; `None` where it is not there.
    pub object: Option<&'a Value>,
    /// Whether it is deleted. Otherwise it is written, or stays.
    pub is_deleted: bool,
    /// What it depends on; of a delete, what must be deleted later.
    pub dependencies: Vec<Address>,
    /// What must be done before it, because the server refuses it until then.
    pub awaits: Vec<Address>,
}

/// What each of these changes waits for, to be walked with [`Direction::Apply`](super::Direction::Apply).
///
/// A change comes after what it depends on. Deletes come in the order of [`deletions`], after all writes. Only what
/// a write awaits, and what must be deleted before that, is deleted earlier. Custom resources are deleted before the
/// programs that may have to clean up after them. What is awaited is the strongest: a
/// dependency that contradicts it is left out.
pub fn change_order(changes: &[OrderedChange<'_>]) -> Order<Address> {
    let deletes = deletes(changes);
    let mut edges: Vec<(Address, Address)> = awaited(changes).collect();
    edges.extend(deletes.edges().map(|(from, to)| (to.clone(), from.clone())));
    edges.extend(dependencies(changes, |identity| !is_admission(identity)));
    edges.extend(dependencies(changes, is_admission));
    edges.extend(after_all_writes(changes, &deletes));
    Order::from_edges(changes.iter().map(|change| change.address.clone()), edges)
}

/// The sets of changes that wait for each other, because each awaits another one of its set; without those in between
/// that are only passed through. There is no order for them.
pub fn contradictions(changes: &[OrderedChange<'_>]) -> Vec<Vec<Address>> {
    if changes.iter().all(|change| change.awaits.is_empty()) {
        return Vec::new();
    }
    let deletes = deletes(changes);
    let edges: Vec<(Address, Address)> = awaited(changes)
        .chain(deletes.edges().map(|(from, to)| (to.clone(), from.clone())))
        .chain(dependencies(changes, |identity| !is_admission(identity)))
        .collect();
    let mut addresses: Vec<&Address> = edges.iter().flat_map(|(from, to)| [from, to]).collect();
    addresses.sort_unstable();
    addresses.dedup();
    let numbers: HashMap<&Address, usize> =
        addresses.iter().enumerate().map(|(number, address)| (*address, number)).collect();
    let numbered = edges.iter().map(|(from, to)| (numbers[from], numbers[to]));
    let components = cycle::strongly_connected(addresses.len(), numbered).into_iter();
    let own: HashSet<&Address> = changes.iter().map(|change| &change.address).collect();
    components
        .map(|component| component.into_iter().map(|number| addresses[number]))
        .map(|component| component.filter(|address| own.contains(address)).cloned().collect())
        .collect()
}

/// The order of the deletes alone.
fn deletes(changes: &[OrderedChange<'_>]) -> Order<Address> {
    let deleted = changes.iter().filter(|change| change.is_deleted);
    let removed: Vec<RemovedResource> = deleted
        .map(|change| RemovedResource {
            address: change.address.clone(),
            identity: change.identity.clone(),
            dependencies: change.dependencies.clone(),
        })
        .collect();
    if removed.is_empty() {
        return deletions(&removed, &[]);
    }
    // Roles and bindings that stay say as much about rights as those that go.
    let seen: Vec<&OrderedChange<'_>> = changes.iter().filter(|change| change.object.is_some()).collect();
    let objects: Vec<_> = seen.iter().filter_map(|change| Some((&change.identity, change.object?))).collect();
    let outlived = outliving(&objects).into_iter();
    let outlived = outlived.map(|(first, second)| (seen[first], seen[second]));
    let outlived = outlived.filter(|(first, second)| first.is_deleted && second.is_deleted);
    let outlived: Vec<(Address, Address)> =
        outlived.map(|(first, second)| (first.address.clone(), second.address.clone())).collect();
    deletions(&removed, &outlived)
}

fn awaited(changes: &[OrderedChange<'_>]) -> impl Iterator<Item = (Address, Address)> {
    changes.iter().flat_map(|change| change.awaits.iter().map(|to| (change.address.clone(), to.clone())))
}

/// The dependencies of what is not deleted, of these kinds.
fn dependencies(
    changes: &[OrderedChange<'_>],
    is_meant: impl Fn(&Identity) -> bool,
) -> impl Iterator<Item = (Address, Address)> {
    let written = changes.iter().filter(move |change| !change.is_deleted && is_meant(&change.identity));
    written.flat_map(|change| change.dependencies.iter().map(|to| (change.address.clone(), to.clone())))
}

/// The edges by which all deletes wait for all writes, but for those that a write awaits. A node between them saves
/// an edge for each pair.
fn after_all_writes(changes: &[OrderedChange<'_>], deletes: &Order<Address>) -> Vec<(Address, Address)> {
    let awaited: BTreeSet<&Address> = changes.iter().flat_map(|change| &change.awaits).collect();
    let early = deletes.with_what_depends_on(awaited);
    let late = changes.iter().filter(|change| change.is_deleted && !early.contains(&change.address));
    let late = late.map(|change| (change.address.clone(), all_writes()));
    let written = changes.iter().filter(|change| !change.is_deleted);
    late.chain(written.map(|change| (all_writes(), change.address.clone()))).collect()
}

/// The node between all writes and the deletes after them. No block has this address: the name of a block has no dot.
fn all_writes() -> Address {
    Address::block("writes", ".all")
}
