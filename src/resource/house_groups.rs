//! The API groups of ours, whose objects live beside the cluster.

/// The API groups of ours whose objects live in a house beside the cluster. A CRD may have any other group.
const HOUSE_GROUPS: &[&str] = &["dns.regplan.dev"];

/// Whether objects of this API group live in a house beside the cluster: nothing has a namespace there, and fields
/// have no owners.
pub fn is_house_group(group: &str) -> bool {
    HOUSE_GROUPS.contains(&group)
}
