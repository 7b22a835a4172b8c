//! The API groups of ours, whose objects live beside the cluster.

use super::record_set::RECORDS_GROUP;

/// The API groups of ours whose objects live in a house beside the cluster. A CRD may have any other group.
pub const HOUSE_GROUPS: &[&str] = &[RECORDS_GROUP];

/// Whether objects of this API group live in a house beside the cluster: nothing has a namespace there, and fields
/// have no owners.
pub fn is_house_group(group: &str) -> bool {
    HOUSE_GROUPS.contains(&group)
}
