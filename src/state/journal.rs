//! The run under way, line by line.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::{Lineage, RunId};
use super::stored_resource::StoredResource;
use crate::resource::{Address, Identity, Target};

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case", deny_unknown_fields)]
pub enum JournalLine {
    /// What the run is going to do; the first line, on disk before the first write to the cluster.
    Begin(Box<Begin>),
    /// What became of one intent.
    Outcome {
        /// Of which resource.
        address: Address,
        /// What became of it.
        outcome: Box<Outcome>,
    },
    /// The run ended by itself; the last line. Without it the run was killed.
    End {
        /// How.
        end: RunEnd,
        /// The writes that were in flight: begun, and nobody knows what came of them.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        in_flight: BTreeSet<Address>,
    },
}

/// What a run is going to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// The version of the format.
    pub format_version: u32,
    /// Which run.
    pub run: RunId,
    /// The state that it builds on.
    pub lineage: Lineage,
    /// That state's serial.
    pub serial: u64,
    /// The digest of the plan.
    pub plan: String,
    /// When.
    pub at: Timestamp,
    /// Who, as `user@host`.
    pub by: String,
    /// What it is going to do, in the plan's order.
    pub intents: Vec<Intent>,
}

/// What is going to be done to one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// Under which address.
    pub address: Address,
    /// What.
    pub action: IntentKind,
    /// To which object.
    pub target: Target,
}

/// What is going to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentKind {
    /// It is made.
    Create,
    /// Some of its fields change.
    Update,
    /// It is deleted and made anew.
    Replace,
    /// It is taken over.
    Adopt,
    /// It is deleted.
    Delete,
    /// It gets another address; the cluster is not touched but for annotations.
    Move,
    /// The state forgets it; the cluster is not touched.
    Forget,
}

/// What became of an intent. An address may have several, such as a replacement: gone, then written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// The server took it. Recorded at once, before it is ready.
    Written {
        /// As it is remembered from now on.
        resource: Box<StoredResource>,
    },
    /// What was written is ready. A line that is lost costs no more than another wait.
    Ready,
    /// It has another address.
    Moved {
        /// The old one.
        from: Address,
        /// As it is remembered from now on, under the new one.
        resource: Box<StoredResource>,
    },
    /// It is gone, or was looked for and is not there.
    Deleted {
        /// Which object.
        identity: Identity,
    },
    /// It is not ours any more; it may well be there.
    Forgotten {
        /// Which object.
        identity: Identity,
    },
    /// It did not work. What was recorded before of the same address stays true.
    Failed {
        /// Why, without any secret value.
        reason: String,
        /// Whether it may have been done all the same, such as after a reset connection.
        in_doubt: bool,
    },
}

/// How a run ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// Everything was done.
    Completed,
    /// A part of it failed.
    Failed,
    /// Somebody stopped it.
    Stopped,
}

/// A journal as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    /// What was going to be done.
    pub begin: Begin,
    /// What came of it, in this order.
    pub outcomes: Vec<(Address, Outcome)>,
    /// How it ended by itself; `None` where it was killed, or is still running.
    pub end: Option<RunEnd>,
    /// The writes that were in flight when it ended by itself.
    pub in_flight: BTreeSet<Address>,
    /// Whether the last line was cut off, as a kill in the middle of a write does. It was dropped.
    pub torn: bool,
}

impl Journal {
    /// One that has only begun.
    pub fn new(begin: Begin) -> Self {
        Self { begin, outcomes: Vec::new(), end: None, in_flight: BTreeSet::new(), torn: false }
    }

    /// The intents of which nobody knows whether they were done: of a killed run all that have no
    /// outcome; of one that ended by itself the writes that were in flight, and those that were never answered.
    pub fn in_doubt(&self) -> Vec<Intent> {
        // By address, because a large plan has as many outcomes as intents.
        let mut open: BTreeMap<&Address, Vec<(usize, bool)>> = BTreeMap::new();
        let intents = &self.begin.intents;
        for (index, intent) in intents.iter().enumerate() {
            open.entry(&intent.address).or_default().push((index, false));
        }
        for (address, outcome) in &self.outcomes {
            let Some(open) = open.get_mut(address) else { continue };
            if let Outcome::Failed { in_doubt: true, .. } = outcome {
                for (_, doubted) in open.iter_mut() {
                    *doubted = true;
                }
            } else {
                open.retain(|(index, _)| !intents.get(*index).is_some_and(|intent| outcome.settles(intent)));
            }
        }
        let is_killed = self.end.is_none();
        let in_doubt = open.into_iter().flat_map(|(address, open)| {
            let is_in_flight = self.in_flight.contains(address);
            open.into_iter().filter(move |(_, doubted)| is_killed || is_in_flight || *doubted)
        });
        let mut doubts: Vec<usize> = in_doubt.map(|(index, _)| index).collect();
        // In the plan's order.
        doubts.sort_unstable();
        doubts.into_iter().filter_map(|index| intents.get(index).cloned()).collect()
    }
}

impl Outcome {
    /// Whether nothing is left to be known about an intent of this address.
    fn settles(&self, intent: &Intent) -> bool {
        match self {
            Self::Written { .. } | Self::Moved { .. } => intent.action != IntentKind::Delete,
            // A replacement that has only deleted is half done.
            Self::Deleted { identity } | Self::Forgotten { identity } => {
                intent.action != IntentKind::Replace && intent.target.identity == *identity
            }
            Self::Ready => false,
            Self::Failed { in_doubt, .. } => !in_doubt,
        }
    }
}

impl JournalLine {
    /// Whether the line must be on disk before anything else happens. One that need not be is there as soon as
    /// the next one is.
    pub fn is_urgent(&self) -> bool {
        !matches!(self, Self::Outcome { outcome, .. } if **outcome == Outcome::Ready)
    }
}

#[cfg(test)]
mod tests;
