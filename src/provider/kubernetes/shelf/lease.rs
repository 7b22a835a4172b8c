//! How a lock stands in a Lease. What counts is in an annotation; `spec` says the same to people and their tools.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::form;
use super::names::Place;
use crate::resource::from_json;
use crate::state::LockRecord;

const LOCK: &str = "regplan.dev/lock";

/// The Lease of a lock.
pub(super) fn with_lock(place: &Place, lock: &[u8]) -> Value {
    let mut object = form::empty(place);
    object["metadata"]["annotations"] = json!({ LOCK: String::from_utf8_lossy(lock) });
    if let Ok(record) = from_json::<LockRecord>(lock) {
        object["spec"] = spec(&record);
    }
    object
}

/// The lock of a Lease; `None` where nobody has held it yet.
pub(super) fn lock(lease: &Value) -> Option<Vec<u8>> {
    lease["metadata"]["annotations"][LOCK].as_str().map(|text| text.as_bytes().to_vec())
}

fn spec(record: &LockRecord) -> Value {
    let mut spec = json!({
        "leaseDurationSeconds": record.duration_seconds.max(1),
        "leaseTransitions": record.epoch,
        // For people. No clock of ours is compared with that of another machine.
        "renewTime": format!("{:.6}", Timestamp::now()),
    });
    if let Some(holder) = &record.holder {
        spec["holderIdentity"] = format!("{} {}", holder.who(), holder.id).into();
        spec["acquireTime"] = format!("{:.6}", holder.since).into();
    }
    spec
}
