//! The order in which resources go that the configuration no longer names.

use std::collections::BTreeMap;

use super::order::Order;
use crate::resource::{Address, Identity, is_builtin_group};

/// A resource that is to go, as the state knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Its address.
    pub address: Address,
    /// What it is.
    pub identity: Identity,
    /// What it waited for when it was applied.
    pub dependencies: Vec<Address>,
}

/// What each of these stands on, to be walked with [`Direction::Destroy`](super::Direction::Destroy):
/// custom resources go before their CRD, what is in a namespace before the Namespace (each would take
/// them along unseen), and otherwise whatever depended on a resource goes before it. A recorded
/// dependency that contradicts the first two is let go.
pub fn deletions(removed: &[Removed]) -> Order<Address> {
    let mut namespaces: BTreeMap<&str, Vec<&Address>> = BTreeMap::new();
    let mut definitions: BTreeMap<&str, Vec<&Address>> = BTreeMap::new();
    for gone in removed {
        if gone.identity.is("", "Namespace") {
            namespaces.entry(&gone.identity.name).or_default().push(&gone.address);
        } else if gone.identity.is("apiextensions.k8s.io", "CustomResourceDefinition") {
            // The name is the plural, which the kind does not give away, and the group, which does.
            let group = gone.identity.name.split_once('.').map_or("", |(_, group)| group);
            definitions.entry(group).or_default().push(&gone.address);
        }
    }
    let mut edges = Vec::new();
    for gone in removed {
        let namespace = gone.identity.namespace.as_deref().and_then(|name| namespaces.get(name));
        edges.extend(namespace.into_iter().flatten().map(|to| (gone.address.clone(), (*to).clone())));
        let group = gone.identity.group.as_str();
        if !is_builtin_group(group) && definitions.contains_key(group) {
            edges.push((gone.address.clone(), stop(group)));
        }
    }
    for (group, definitions) in definitions {
        edges.extend(definitions.into_iter().map(|to| (stop(group), to.clone())));
    }
    for gone in removed {
        edges.extend(gone.dependencies.iter().map(|to| (gone.address.clone(), to.clone())));
    }
    Order::from_edges(removed.iter().map(|gone| gone.address.clone()), edges)
}

/// A stop between all custom resources of a group and all its CRDs; no block's address has a dot in it.
fn stop(group: &str) -> Address {
    Address::block("group", format!(".{group}"))
}
