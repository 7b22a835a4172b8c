//! What a chart has run, and what of it has not done its work.

use super::Status;
use crate::kubernetes::readiness::{Readiness, StorageClass, judge};
use crate::resource::{Moment, Reading, ReadyRule};
use crate::state::StoredResource;

/// How a hook stands. What has run leaves nothing that must stay. What is to run when its chart is deleted is a matter of the
/// next deletion: what was applied is as it was.
pub(super) fn status(moment: Moment, resource: &StoredResource, reading: &Reading) -> Status {
    let is_open = moment != Moment::Delete && resource.readiness.awaited_since().is_some();
    if is_open { Status::Incomplete { failure: failure(resource, reading) } } else { Status::InSync }
}

/// How the run has failed. What an earlier run has left tells nothing of it.
fn failure(resource: &StoredResource, reading: &Reading) -> Option<String> {
    let Reading::Present(live) = reading else { return None };
    let rule = Some(&ReadyRule::Ended);
    match judge(&resource.identity, &live.object, rule, StorageClass::default()) {
        Readiness::Failed(how) if live.stamp.uid == resource.uid => Some(how),
        _ => None,
    }
}
