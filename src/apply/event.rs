//! The types by which an apply speaks: events while it runs, records for the state, a report at the end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;

use crate::plan::{Action, Change};
use crate::resource::record_set::is_made_by_hand;
use crate::resource::{Address, Applied, Identity, Problem, Target};

/// What happened just now.
#[derive(Debug, Clone)]
pub enum Event {
    /// The apply has begun to work on a resource.
    Started {
        /// The resource's address.
        address: Address,
        /// What is done to it.
        action: Action,
    },
    /// The apply waits for a resource.
    Waiting {
        /// The resource's address.
        address: Address,
        /// What is still missing, such as `1 of 3 pods available`.
        missing: String,
    },
    /// The change is done, and the resource is ready.
    Finished {
        /// The resource's address.
        address: Address,
        /// What was done to it.
        action: Action,
        /// The time since it was begun.
        elapsed: Duration,
    },
    /// A resource that was not ready after an earlier run is ready now.
    Ready {
        /// The resource's address.
        address: Address,
        /// The time since the wait began.
        elapsed: Duration,
    },
    /// Somebody else makes it, and the rest goes on without it: nobody has looked whether it is there.
    Unseen {
        /// The resource's address.
        address: Address,
    },
    /// The change failed.
    Failed {
        /// The resource, and why it failed.
        failure: FailedResource,
        /// What was tried.
        action: Action,
    },
    /// The change was not tried.
    Skipped(Skipped),
    /// The resource was written, or somebody was asked for it, and the run was stopped before it was ready.
    Unwaited {
        /// The resource's address.
        address: Address,
        /// What was done to it; [`Action::None`] where an earlier run has written it.
        action: Action,
        /// Who writes it.
        writer: Writer,
    },
    /// The deletion of an object was asked for, and the run was stopped before the object was gone.
    Leaving {
        /// The resource's address.
        address: Address,
        /// What was being done: a delete, or a replacement whose new object is not made yet.
        action: Action,
    },
    /// The server answered a write with a warning.
    Warning {
        /// The resource's address.
        address: Address,
        /// The server's text, without the secrets in it.
        text: String,
    },
    /// The cluster did not take the record of which copy of the state is the newest one.
    NotRecorded {
        /// Why.
        problem: Problem,
    },
    /// The run was asked to stop: it begins no further resource, and finishes the writes under way.
    Stopping,
}

/// A resource that failed.
#[derive(Debug, Clone)]
pub struct FailedResource {
    /// The resource's address.
    pub address: Address,
    /// Why it failed.
    pub problem: Problem,
}

/// A resource that was not tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The resource's address.
    pub address: Address,
    /// The resource whose failure (or interruption) is the reason; `None` where the run was stopped.
    pub because: Option<Address>,
}

/// Who writes an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Writer {
    /// The run at hand has written it.
    ThisRun,
    /// An earlier run has written it.
    AnEarlierRun,
    /// A person is asked to make it, and nothing is sent.
    APerson,
}

impl Writer {
    /// Who writes what this change is about.
    pub(super) fn of(change: &Change) -> Self {
        let is_by_hand = change.desired.as_ref().is_some_and(|desired| is_made_by_hand(&desired.object));
        match change.action {
            _ if is_by_hand => Self::APerson,
            action if action.writes() => Self::ThisRun,
            _ => Self::AnEarlierRun,
        }
    }
}

/// A fact for the state. It is recorded as soon as it is true.
#[derive(Debug, Clone)]
pub enum Record {
    /// The object exists, and the state knows it from now on.
    Present {
        /// The resource's address.
        address: Address,
        /// How it is there.
        presence: Box<Presence>,
    },
    /// It is to run in this run, and nobody has begun it yet.
    Due {
        /// The resource's address.
        address: Address,
        /// The object's identity and API version.
        target: Box<Target>,
        /// The uid of what is left of an earlier run.
        leftover: Option<String>,
    },
    /// The object stays as the state knows it, and has another address from now on.
    Moved {
        /// The resource's address.
        address: Address,
        /// The address under which it was known before.
        from: Address,
    },
    /// The object is ready, whether it was written in this run or before.
    Ready {
        /// The resource's address.
        address: Address,
        /// The digest of what it ran with, where it has ended by itself.
        completed: Option<String>,
    },
    /// The object was deleted.
    Gone {
        /// The resource's address.
        address: Address,
        /// The object's identity.
        identity: Box<Identity>,
    },
    /// The state no longer knows the object, which may still exist.
    Forgotten {
        /// The resource's address.
        address: Address,
        /// The object's identity.
        identity: Box<Identity>,
    },
    /// The change failed.
    Failed {
        /// The resource's address.
        address: Address,
        /// Why it failed. Where the server could not be reached, it may have done the write all the same.
        problem: Box<Problem>,
    },
}

/// An object that exists, as the state is to know it.
#[derive(Debug, Clone)]
pub struct Presence {
    /// What was done to it; [`Action::None`] where it was not written.
    pub action: Action,
    /// The object's identity and API version.
    pub target: Target,
    /// The uid of the object; `None` where it stays the one that the state knows.
    pub uid: Option<String>,
    /// The resources that it depends on.
    pub dependencies: Vec<Address>,
    /// Whether deleting it needs consent.
    pub protect: bool,
    /// The address under which it was known before.
    pub moved_from: Option<Address>,
    /// What was sent last and what the server made of it, where that is known.
    pub applied: Option<Arc<Applied>>,
}

/// Keeps the records of a run. It is called in the order of the events, and never concurrently.
#[async_trait]
pub trait Recorder: Send {
    /// Notes a record. It counts from now on.
    fn note(&mut self, record: Record);

    /// Keeps durably what was noted. What is under way goes on meanwhile; nothing else is noted.
    ///
    /// # Errors
    /// A record could not be kept. That ends the run: going on would lose what is done.
    async fn keep(&mut self) -> Result<(), Problem>;

    /// Notes the writes that were begun and whose answers nobody waits for, because the run ends early. The
    /// server may have done them all the same.
    fn leave_in_flight(&mut self, writes: BTreeSet<Address>);
}

/// What an apply did, and what it did not.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The resources that were changed, with what was done to each.
    pub done: Vec<(Address, Action)>,
    /// The resources that were written by an earlier run, and became ready in this one.
    pub ready: Vec<Address>,
    /// The resources that somebody else makes, and that nobody has looked at.
    pub unseen: Vec<Address>,
    /// The resources whose change failed.
    pub failed: Vec<FailedResource>,
    /// The resources whose change was not tried.
    pub skipped: Vec<Skipped>,
    /// The resources that were written, by this run or an earlier one, and not waited for, since the run was stopped.
    pub unwaited: Vec<Address>,
    /// The resources that a person was asked to make, and that were not waited for, since the run was stopped.
    pub asked: Vec<Address>,
    /// The resources whose object is being deleted, and was not waited for, since the run was stopped.
    pub leaving: Vec<Address>,
    /// Whether the run was stopped from outside.
    pub stopped: bool,
}

impl Report {
    /// Whether all changes of the plan were done.
    pub fn is_complete(&self) -> bool {
        let left = [&self.unwaited, &self.asked, &self.leaving];
        let is_nothing_left =
            self.failed.is_empty() && self.skipped.is_empty() && left.iter().all(|left| left.is_empty());
        is_nothing_left && !self.stopped
    }
}
