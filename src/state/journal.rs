//! The journal: what the run under way is going to do, and what it has done so far.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::{Lineage, RunId};
use super::stored_resource::StoredResource;
use crate::resource::{Address, Identity, NamespaceSelection, Target};

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case", deny_unknown_fields)]
pub enum JournalLine {
    /// The first line: what the run is going to do. It is on disk before the first write to the cluster.
    Begin(Box<Begin>),
    /// The outcome of one intent.
    Outcome {
        /// The resource's address.
        address: Address,
        /// What happened to it.
        outcome: Box<Outcome>,
    },
    /// The last line: the run ended by itself. Without it the run was killed, or still goes on.
    End {
        /// How it ended.
        end: RunEnd,
        /// The writes that were in flight: begun, and without an answer from the server.
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
    /// The run's id.
    pub run: RunId,
    /// The lineage of the state that it builds on.
    pub lineage: Lineage,
    /// That state's serial.
    pub serial: u64,
    /// The digest of the plan.
    pub plan: String,
    /// When the run began.
    pub at: Timestamp,
    /// Who began it, as `user@host`.
    pub by: String,
    /// The files of the configuration that it makes true.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// The variables to which its command line or its environment gave another value than their default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<String>,
    /// Which namespaces its blocks choose by their labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selections: Vec<NamespaceSelection>,
    /// What it is going to do, in the plan's order.
    pub intents: Vec<Intent>,
}

/// What is going to be done to one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// The resource's address.
    pub address: Address,
    /// What is going to be done to it.
    pub action: IntentKind,
    /// The object that it is done to.
    pub target: Target,
    /// Whether all that its chart makes at random in it is made anew, as one with what it makes in others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub renews: bool,
}

/// What is going to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentKind {
    /// It is made.
    Create,
    /// Some of its fields change.
    Update,
    /// It is deleted and created again.
    Replace,
    /// It is run: what is left of an earlier run is deleted, and it is created.
    Run,
    /// It is taken over.
    Adopt,
    /// It is deleted.
    Delete,
    /// It gets another address; the cluster is not touched but for annotations.
    Move,
    /// The state forgets it; the cluster is not touched.
    Forget,
}

/// The outcome of an intent. An address may have several: a replacement is first deleted, then written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// The server accepted the write. This is recorded at once, before the resource is ready.
    Written {
        /// The resource as the state has it from now on.
        resource: Box<StoredResource>,
    },
    /// What was written is ready. If this line is lost, the next run only waits once more.
    Ready,
    /// The resource has another address.
    Moved {
        /// The old address.
        from: Address,
        /// The resource as the state has it from now on, under the new address.
        resource: Box<StoredResource>,
    },
    /// The object was deleted, or was looked for and does not exist.
    Deleted {
        /// Which object.
        identity: Identity,
    },
    /// The state no longer knows the object, which may still exist.
    Forgotten {
        /// Which object.
        identity: Identity,
    },
    /// It failed. What was recorded of the same address before stays true.
    Failed {
        /// Why, without any secret value.
        reason: String,
        /// Whether the server may have done it all the same, such as after a reset connection.
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
    /// Its first line: what the run was going to do.
    pub begin: Begin,
    /// The outcomes, in the order in which they were recorded.
    pub outcomes: Vec<(Address, Outcome)>,
    /// How the run ended by itself; `None` where it was killed, or is still running.
    pub end: Option<RunEnd>,
    /// The writes that were in flight when it ended by itself.
    pub in_flight: BTreeSet<Address>,
    /// Whether the last line was incomplete, as after a kill in the middle of a write. That line was dropped.
    pub torn: bool,
}

impl Journal {
    /// A journal of a run that has no outcome yet.
    pub fn new(begin: Begin) -> Self {
        Self { begin, outcomes: Vec::new(), end: None, in_flight: BTreeSet::new(), torn: false }
    }

    /// The intents that may have been done without an outcome. Of a killed run these are all intents without
    /// an outcome; of a run that ended by itself, the writes that were in flight, and those that were never
    /// answered.
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
        // The doubts are listed in the plan's order.
        doubts.sort_unstable();
        doubts.into_iter().filter_map(|index| intents.get(index).cloned()).collect()
    }
}

impl Outcome {
    /// Whether it failed.
    pub(super) fn is_failure(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }

    /// Whether this outcome is the last one that an intent of the same address needs.
    pub(super) fn settles(&self, intent: &Intent) -> bool {
        match self {
            Self::Written { .. } | Self::Moved { .. } => intent.action != IntentKind::Delete,
            // After the delete of a replacement its create is still to come.
            Self::Deleted { identity } | Self::Forgotten { identity } => {
                !matches!(intent.action, IntentKind::Replace | IntentKind::Run)
                    && intent.target.identity == *identity
            }
            Self::Ready => false,
            Self::Failed { in_doubt, .. } => !in_doubt,
        }
    }
}

impl JournalLine {
    /// Whether the line must be on disk before anything else happens. A line that is not urgent is synced
    /// together with the next urgent one.
    pub fn is_urgent(&self) -> bool {
        !matches!(self, Self::Outcome { outcome, .. } if **outcome == Outcome::Ready)
    }
}

#[cfg(test)]
mod tests;
