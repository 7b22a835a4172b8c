//! What an apply says while it runs, what it writes down, and what it says at the end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::plan::Action;
use crate::resource::{Address, Applied, Identity, Live, Problem, Target};

/// Something happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A resource's turn has come.
    Started {
        /// Which one.
        address: Address,
        /// What is done with it.
        action: Action,
    },
    /// It is waited for, and this is still missing.
    Waiting {
        /// Which one.
        address: Address,
        /// `1 of 3 pods available`.
        missing: String,
    },
    /// It is done, and ready.
    Finished {
        /// Which one.
        address: Address,
        /// What was done.
        action: Action,
        /// How long it took.
        elapsed: Duration,
    },
    /// It failed.
    Failed {
        /// Which one, and why.
        failure: FailedResource,
        /// What was tried.
        action: Action,
    },
    /// It was not tried.
    Skipped(Skipped),
    /// The server warned.
    Warning {
        /// At which resource.
        address: Address,
        /// The server's words.
        text: String,
    },
    /// No further resource is begun; what is under way is finished.
    Stopping,
}

/// A resource that failed.
#[derive(Debug, Clone)]
pub struct FailedResource {
    /// Which one.
    pub address: Address,
    /// Why.
    pub problem: Problem,
}

/// A resource that was not tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Which one.
    pub address: Address,
    /// The resource whose failure (or interruption) is the reason; `None` where the run was stopped.
    pub because: Option<Address>,
}

/// What is remembered, as soon as it is true.
#[derive(Debug, Clone)]
pub enum Record {
    /// The object is there and ours.
    Present {
        /// What the user calls it.
        address: Address,
        /// How it came to be as it is.
        action: Action,
        /// Which object, in which version.
        target: Box<Target>,
        /// The object after the write.
        live: Box<Live>,
        /// What it stands on.
        dependencies: Vec<Address>,
        /// Whether deleting it needs consent.
        protect: bool,
        /// The address under which it was known before.
        moved_from: Option<Address>,
        /// What was sent last, and what came of it, where that is known.
        applied: Option<Arc<Applied>>,
    },
    /// The object is ready, be it written in this run or before.
    Ready {
        /// What the user calls it.
        address: Address,
    },
    /// The object is gone.
    Gone {
        /// What the user called it.
        address: Address,
        /// Which object.
        identity: Box<Identity>,
    },
    /// The object is no longer ours; it may well be there.
    Forgotten {
        /// What the user called it.
        address: Address,
        /// Which object.
        identity: Box<Identity>,
    },
    /// It did not work.
    Failed {
        /// What the user calls it.
        address: Address,
        /// Why. Where the server could not be reached, the write may have been done all the same.
        problem: Box<Problem>,
    },
}

/// Keeps what is true. Called in the order of events, never twice at once.
#[async_trait]
pub trait Recorder: Send {
    /// Remembers it durably.
    ///
    /// # Errors
    /// It could not be remembered. That stops the run: going on would lose what is done.
    async fn record(&mut self, record: Record) -> Result<(), Problem>;

    /// Notes the writes that were begun, and whose answers nobody waits for any more: the run is stopped, and the
    /// server may have done them all the same.
    fn leave_in_flight(&mut self, writes: BTreeSet<Address>);
}

/// What came of it all.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What was done.
    pub done: Vec<(Address, Action)>,
    /// What failed.
    pub failed: Vec<FailedResource>,
    /// What was not tried.
    pub skipped: Vec<Skipped>,
    /// Whether the run was stopped from outside.
    pub stopped: bool,
}

impl Report {
    /// Whether everything was done.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty() && !self.stopped
    }
}
