//! The API groups of ours, whose objects live beside the cluster.

use super::pull_entry::PULL_ENTRY_GROUP;
use super::record_set::RECORDS_GROUP;

/// A group of ours.
struct HouseGroup {
    name: &'static str,
    /// Whether its objects lie in the namespaces of the cluster.
    namespaced: bool,
}

/// The API groups of ours whose objects live in a house beside the cluster. A CRD may have any other group.
const HOUSE_GROUPS: &[HouseGroup] = &[
    HouseGroup { name: RECORDS_GROUP, namespaced: false },
    HouseGroup { name: PULL_ENTRY_GROUP, namespaced: true },
];

/// All of them.
pub fn house_groups() -> impl Iterator<Item = &'static str> {
    HOUSE_GROUPS.iter().map(|house| house.name)
}

/// Whether objects of this API group live in a house beside the cluster: fields have no owners there.
pub fn is_house_group(group: &str) -> bool {
    house_namespaces(group).is_some()
}

/// Whether the objects of a house lie in the namespaces of the cluster; `None` for a group that is no house's.
pub fn house_namespaces(group: &str) -> Option<bool> {
    HOUSE_GROUPS.iter().find(|house| house.name == group).map(|house| house.namespaced)
}
