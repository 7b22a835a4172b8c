//! The order of all deletes: of what the configuration no longer names, and of a destroy.

use std::collections::BTreeMap;

use super::order::Order;
use crate::resource::{Address, Identity, is_builtin_group};

/// A resource that is to be deleted, as the state knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedResource {
    /// Its address.
    pub address: Address,
    /// What it is.
    pub identity: Identity,
    /// What it waited for when it was applied.
    pub dependencies: Vec<Address>,
}

/// What each of these depends on, to be walked with [`Direction::Destroy`](super::Direction::Destroy).
///
/// Custom resources are deleted before their CRD, and what is in a namespace before the Namespace: deleting
/// the CRD or the Namespace first would delete them unseen. The first of each pair in `outlived` is deleted before the
/// second. Otherwise what depended on a resource is deleted before it. A recorded dependency that contradicts these
/// rules is ignored.
pub fn deletions(removed: &[RemovedResource], outlived: &[(Address, Address)]) -> Order<Address> {
    let mut namespaces: BTreeMap<&str, Vec<&Address>> = BTreeMap::new();
    let mut definitions: BTreeMap<&str, Vec<&Address>> = BTreeMap::new();
    for resource in removed {
        if resource.identity.is("", "Namespace") {
            namespaces.entry(&resource.identity.name).or_default().push(&resource.address);
        } else if resource.identity.is("apiextensions.k8s.io", "CustomResourceDefinition") {
            // A CRD's name is its plural and its group. From a custom resource only the group is known.
            let group = resource.identity.name.split_once('.').map_or("", |(_, group)| group);
            definitions.entry(group).or_default().push(&resource.address);
        }
    }
    let mut edges = Vec::new();
    for resource in removed {
        let namespace = resource.identity.namespace.as_deref().and_then(|name| namespaces.get(name));
        edges.extend(namespace.into_iter().flatten().map(|to| (resource.address.clone(), (*to).clone())));
        let group = resource.identity.group.as_str();
        if !is_builtin_group(group) && definitions.contains_key(group) {
            edges.push((resource.address.clone(), group_node(group)));
        }
    }
    for (group, definitions) in definitions {
        edges.extend(definitions.into_iter().map(|to| (group_node(group), to.clone())));
    }
    edges.extend(outlived.iter().cloned());
    for resource in removed {
        edges.extend(resource.dependencies.iter().map(|to| (resource.address.clone(), to.clone())));
    }
    Order::from_edges(removed.iter().map(|resource| resource.address.clone()), edges)
}

/// A node between all custom resources of a group and all its CRDs, so that not each of them needs an edge
/// to each of these. No block has this address: the name of a block has no dot.
fn group_node(group: &str) -> Address {
    Address::block("group", format!(".{group}"))
}
