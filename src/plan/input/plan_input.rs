//! Everything that a plan is made from: what is desired, what was applied, what the user asks for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use crate::config::Moves;
use crate::plan::model::plan::{Consent, Mode};
use crate::plan::model::reason::Reason;
use crate::resource::{
    Address, Applied, BlockAddress, ClusterIdentity, Desired, Identity, Moment, Problem, ReadyRule, Target,
    Timeouts,
};

/// What the state remembers of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Which object, and in which version it was written.
    pub target: Target,
    /// Its uid; empty where it is not known whether it was made.
    pub uid: String,
    /// Its dependencies.
    pub dependencies: Vec<Address>,
    /// Whether it was marked as protected.
    pub protect: bool,
    /// How long each step was allowed to take.
    pub timeouts: Timeouts,
    /// The record of the last apply; `None` where there is none.
    pub applied: Option<Arc<Applied>>,
    /// When it counts as ready, if not by the kind's own rule, as the last apply knew it.
    pub ready: Option<ReadyRule>,
    /// When it was last written, where it has not become ready since.
    pub awaited_since: Option<Timestamp>,
    /// The digest of what it ran with, where it has ended by itself: it may be gone since.
    pub completed: Option<String>,
    /// Why it leaves, where that is not because of the configuration.
    pub leaves_for: Option<Reason>,
    /// What happened to its chart when it was last to run, where it is a hook.
    pub hook: Option<Moment>,
    /// The uid of what an earlier run had left, where it is to run and nobody knows whether it was begun.
    pub leftover: Option<String>,
    /// The run that made what its chart makes at random in it.
    pub random_of: Option<String>,
    /// Whether a write of it may have been done without being recorded: then the record may be an old one.
    pub doubted: bool,
    /// Whether it was there before it became ours.
    pub taken_over: bool,
}

impl Known {
    /// An object of which nothing is remembered.
    pub fn of(target: Target) -> Self {
        Self {
            target,
            uid: String::new(),
            dependencies: Vec::new(),
            protect: false,
            timeouts: Timeouts::default(),
            applied: None,
            ready: None,
            awaited_since: None,
            completed: None,
            leaves_for: None,
            hook: None,
            leftover: None,
            random_of: None,
            doubted: false,
            taken_over: false,
        }
    }

    /// Whether nobody knows if it was made: a run was killed while it wrote it.
    pub fn is_in_doubt(&self) -> bool {
        self.uid.is_empty()
    }
}

/// What a plan that is limited to targets is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reach {
    /// The targets and what they stand on.
    #[default]
    WithNeeds,
    /// The targets alone, and what they take values from.
    Alone,
}

/// Everything that a plan is made from. [`settle`](Self::settle) it before a planner takes it.
#[derive(Debug, Clone)]
pub struct Input {
    /// `[project] name`.
    pub project: String,
    /// The state's lineage; without a state the one that was adopted, or a new one.
    pub lineage: String,
    /// Whether somebody has named this lineage, to take over what a state made that is not here.
    pub lineage_adopted: bool,
    /// The state's serial; 0 where there is no state yet.
    pub serial: u64,
    /// The key of `[state]` that gives a state a place of its own, for whoever needs another one: `path`.
    pub state_key: &'static str,
    /// The cluster that is read.
    pub cluster: ClusterIdentity,
    /// What the plan is for.
    pub mode: Mode,
    /// What is desired, each resource after its dependencies.
    pub desired: Vec<Arc<Desired>>,
    /// The dependencies of each of them.
    pub dependencies: HashMap<Address, Vec<Address>>,
    /// What each of them awaits because of the hooks of its chart, beside its dependencies.
    pub hook_order: BTreeMap<Address, Vec<Address>>,
    /// What charts run that may be deleted.
    pub farewells: Vec<Arc<Desired>>,
    /// These charts, each with its objects that are there for ever, as the last completed apply left them; with none where
    /// nobody knows them.
    pub leaving: BTreeMap<BlockAddress, BTreeSet<Identity>>,
    /// What was applied.
    pub known: BTreeMap<Address, Known>,
    /// What the user agreed to.
    pub consent: Consent,
    /// What is imported: it must be there, and is taken over. Filtered by [`settle`](Self::settle).
    pub imports: BTreeSet<Address>,
    /// What belongs to the targets.
    pub reach: Reach,
    /// What the plan is limited to; everything where there is none.
    pub targets: Vec<Address>,
    /// What is replaced in any case. After [`settle`](Self::settle), the addresses of single objects.
    pub replace: BTreeSet<Address>,
    /// What the configuration says of resources that it does not have any more.
    pub moves: Moves,
    /// What the plan leaves out from the start. [`settle`](Self::settle) adds what the targets leave out.
    pub left_out: LeftOut,
    /// The old addresses of what has moved, by the new ones; filled by [`settle`](Self::settle).
    pub moved: BTreeMap<Address, Address>,
    /// The revision that is gone back to; `None` where the configuration says what is desired.
    pub revision: Option<u64>,
    /// What stands against resources before anything is asked about them, such as a value that no revision keeps.
    pub barred: BTreeMap<Address, Problem>,
    /// The objects that the revision had applied. What of them held data and is gone, is lost, be it known or not.
    pub applied_then: BTreeSet<Identity>,
    /// What users agreed to by name, and that was used before anything is planned.
    pub used_consents: BTreeSet<Address>,
    /// Sentences for the reader of the plan; filled by [`settle`](Self::settle).
    pub notes: Vec<String>,
}

/// What a plan neither reads nor changes.
#[derive(Debug, Clone, Default)]
pub struct LeftOut {
    /// What is desired: it is not deleted because it is left out.
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
