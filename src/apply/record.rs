//! What the recorder is told of a resource.

use std::sync::Arc;

use super::event::{Presence, Record};
use super::hooks::hook;
use crate::plan::{Action, Change};
use crate::resource::{Applied, Live};

/// The object exists; `live` is how the server has it, and `applied` is what the apply has sent. Without either it is
/// the object that the state knows.
pub(super) fn present(change: &Change, applied: Option<Arc<Applied>>, live: Option<&Live>) -> Record {
    let presence = Presence {
        action: change.action,
        target: change.target.clone(),
        uid: live.map(|live| live.stamp.uid.clone()),
        dependencies: change.dependencies.clone(),
        // What the configuration says now. A plan asks for consent by what was recorded before.
        protect: change.desired.as_ref().map_or(change.protected, |desired| desired.lifecycle.protect),
        moved_from: change.moved_from.clone(),
        applied,
    };
    Record::Present { address: change.address.clone(), presence: Box::new(presence) }
}

/// The object was deleted.
pub(super) fn gone(change: &Change) -> Record {
    let identity = Box::new(change.target.identity.clone());
    Record::Gone { address: change.address.clone(), identity }
}

/// The records of a change that writes nothing to the cluster; none where the state stays as it is too.
pub(super) fn without_write(change: &Change) -> impl Iterator<Item = Record> {
    let passed = hook(change).filter(|_| change.has_completed() && change.is_to_be_remembered());
    let passed = passed
        .map(|hook| Record::Ready { address: change.address.clone(), completed: Some(hook.content.clone()) });
    of_object(change).into_iter().chain(passed)
}

fn of_object(change: &Change) -> Option<Record> {
    match change.action {
        Action::Forget => {
            let identity = Box::new(change.target.identity.clone());
            Some(Record::Forgotten { address: change.address.clone(), identity })
        }
        // The state goes on knowing it, under the address that the next plan looks for.
        Action::Keep if change.moved_from.is_some() => {
            let (address, from) = (change.address.clone(), change.moved_from.clone()?);
            Some(Record::Moved { address, from })
        }
        Action::Keep if change.is_to_be_remembered() => {
            change.prior.as_deref().map(|live| present(change, None, Some(live)))
        }
        Action::None if change.is_to_be_remembered() => {
            // What has ended by itself may be gone, and what Helm has run is taken over as it is.
            let is_there = !change.has_completed() || change.is_run_taken_over();
            let live = change.prior.as_deref().filter(|_| is_there);
            (live.is_some() || change.has_completed()).then(|| present(change, change.applied.clone(), live))
        }
        _ => None,
    }
}
