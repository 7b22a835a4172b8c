//! Everything that a plan is made from: what is desired, what was applied, what the user asks for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::config::Moves;
use crate::plan::model::plan::{Consent, Mode};
use crate::resource::{Address, Applied, ClusterIdentity, Desired, Target, Timeouts};

/// What the state remembers of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Which object, and in which version it was written.
    pub target: Target,
    /// The uid that it had.
    pub uid: String,
    /// What it stood on.
    pub dependencies: Vec<Address>,
    /// Whether it was marked to be protected.
    pub protect: bool,
    /// How long things were to take.
    pub timeouts: Timeouts,
    /// What the last apply sent, and what came of it.
    pub applied: Option<Arc<Applied>>,
}

impl Known {
    /// Whether it is only what a killed run perhaps made.
    pub fn is_in_doubt(&self) -> bool {
        self.uid.is_empty()
    }
}

/// Everything that a plan is made from. [`settle`](Self::settle) it before a planner takes it.
#[derive(Debug, Clone)]
pub struct Input {
    /// `[project] name`.
    pub project: String,
    /// The state's lineage.
    pub lineage: String,
    /// The state's serial; 0 where there is no state yet.
    pub serial: u64,
    /// The cluster that is asked.
    pub cluster: ClusterIdentity,
    /// What the plan is for.
    pub mode: Mode,
    /// What is desired, every resource behind what it stands on.
    pub desired: Vec<Arc<Desired>>,
    /// What each of them stands on.
    pub dependencies: HashMap<Address, Vec<Address>>,
    /// What was applied.
    pub known: BTreeMap<Address, Known>,
    /// What the user agreed to.
    pub consent: Consent,
    /// What the plan is limited to; everything where there is none.
    pub targets: Vec<Address>,
    /// What is to be replaced whether or not it changes; settled, the addresses of single objects.
    pub replace: BTreeSet<Address>,
    /// What the configuration says of resources that it no longer has.
    pub moves: Moves,
    /// What the targets leave out; settled.
    pub left_out: LeftOut,
    /// The old addresses of what has moved, by the new ones; settled.
    pub moved: BTreeMap<Address, Address>,
    /// What a reader of the plan should know before anything was asked; settled.
    pub notes: Vec<String>,
}

/// What a limited plan neither reads nor changes.
#[derive(Debug, Clone, Default)]
pub struct LeftOut {
    /// What is desired all the same: nothing of it is deleted because it is left out.
    pub desired: Vec<Arc<Desired>>,
    /// What was applied.
    pub known: BTreeMap<Address, Known>,
}

impl LeftOut {
    /// The addresses of everything that is left out, each once.
    pub fn addresses(&self) -> BTreeSet<Address> {
        let desired = self.desired.iter().map(|desired| &desired.address);
        desired.chain(self.known.keys()).cloned().collect()
    }
}
