//! Leases: those that programs make to take the lead, or as a sign of life, and those that users make.

use serde_json::Value;

use crate::kubernetes::marks::KUBECTL_NOTE;
use crate::resource::{FieldPath, Identity, Live, Operation};

/// What whoever holds a Lease writes into it.
const OF_THE_HOLDER: &[&str] = &["acquireTime", "holderIdentity", "leaseTransitions", "renewTime"];

/// Whether a program has made the Lease and renews it. It makes it again when it is not there. What was applied from a
/// file is a user's, whoever holds it.
pub fn is_made_by_its_holder(lease: &Live) -> bool {
    let is_applied = lease.annotation(KUBECTL_NOTE).is_some()
        || lease.ownership.entries.iter().any(|entry| entry.operation == Operation::Apply);
    is_renewed(&lease.object) && !is_applied
}

/// The fields of a Lease that is renewed which are its holder's; none of any other object.
pub fn written_by_the_holder(identity: &Identity, object: &Value) -> Vec<FieldPath> {
    if !identity.is("coordination.k8s.io", "Lease") || !is_renewed(object) {
        return Vec::new();
    }
    OF_THE_HOLDER.iter().map(|key| FieldPath::keys(["spec", key])).collect()
}

fn is_renewed(lease: &Value) -> bool {
    lease.pointer("/spec/renewTime").is_some_and(|time| !time.is_null())
}
