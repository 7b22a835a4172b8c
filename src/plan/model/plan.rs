//! The plan as a whole.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::briefing::Briefing;
use super::change::{Action, Change};
use super::reason::Reason;
use super::unknown::Unknown;
use crate::resource::{Address, BlockAddress, ClusterIdentity, Identity, Problem, ProblemKind, Target};
use crate::state::Freshness;

/// What the plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// To make the cluster as the configuration says.
    Apply,
    /// To delete everything that was applied.
    Destroy,
}

/// Something that makes the plan impossible to apply.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// Which resource.
    pub address: Address,
    /// Which object.
    pub target: Target,
    /// What stands against it.
    pub obstacle: Obstacle,
}

/// What stands against a change. The words for it are in `report::plan::reasons`.
#[derive(Debug, Clone)]
pub enum Obstacle {
    /// Something went wrong, or somebody said no.
    Problem(Problem),
    /// It would have to be deleted and made anew, and that is not allowed.
    Replacement {
        /// Why it would have to be replaced.
        reasons: Vec<Reason>,
        /// What to do instead.
        help: String,
    },
}

impl Obstacle {
    /// What kind of problem it is.
    pub fn kind(&self) -> ProblemKind {
        match self {
            Self::Problem(problem) => problem.kind,
            Self::Replacement { reasons, .. } => {
                let is_immutable = |reason: &Reason| matches!(reason, Reason::ImmutableFields { .. });
                if reasons.iter().any(is_immutable) { ProblemKind::Rejected } else { ProblemKind::Conflict }
            }
        }
    }

    /// What to do next.
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Problem(problem) => problem.help.as_deref(),
            Self::Replacement { help, .. } => Some(help),
        }
    }
}

impl From<Problem> for Obstacle {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// What an apply would do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// `[project] name`.
    pub project: String,
    /// The lineage of the state that it was made from.
    pub lineage: String,
    /// The serial of that state.
    pub serial: u64,
    /// What it is for.
    pub mode: Mode,
    /// The revision that it goes back to; `None` where the configuration says what is desired.
    pub revision: Option<u64>,
    /// The cluster that was read.
    pub cluster: ClusterIdentity,
    /// Everything that is desired or was applied: first what is desired, in apply order; then what leaves, by address.
    /// In which order the deletes are done, [`deletions`](crate::graph::deletions) says.
    pub changes: Vec<Change>,
    /// The charts with hooks that leave as a whole, each with its objects that are gone already; what they run is among the
    /// changes.
    pub leaving: BTreeMap<BlockAddress, BTreeSet<Identity>>,
    /// What must be solved first; a plan with refusals is shown and never applied.
    pub refusals: Vec<Refusal>,
    /// Sentences about the whole plan, such as that there is no state; for people, and no part of the digest.
    pub notes: Vec<String>,
    /// The targets that it is limited to; empty where it is about everything.
    pub targets: Vec<Address>,
    /// What it neither reads nor changes, because no target needs it.
    pub left_out: Vec<Address>,
    /// Why it is shown and never applied, where the state is not here that its objects were made from.
    pub lineage_obstacle: Option<LineageObstacle>,
    /// What the state does not know of objects that carry our annotations. Whoever knows how old the state is, words it.
    pub unknown: Unknown,
    /// How the state that it was made from compares with the newest one; filled by whoever knows it, and no part of the digest.
    pub freshness: Freshness,
    /// What its readers must know beside what changes; filled by whoever knows it.
    pub briefing: Briefing,
    /// What identifies its content ([`digest_of`](Self::digest_of)).
    pub digest: String,
}

impl Plan {
    /// Whether an apply would change the cluster, or forget something in it.
    pub fn has_changes(&self) -> bool {
        self.changes.iter().any(|change| change.action.writes() || change.action == Action::Forget)
    }

    /// Whether it is only shown: something must be solved first, or the state is not the newest one.
    pub fn is_blocked(&self) -> bool {
        !self.refusals.is_empty() || matches!(self.freshness, Freshness::Stale(_))
    }

    /// Whether an apply has something to do: to change the cluster, or to wait again for what has not become ready.
    pub fn has_work(&self) -> bool {
        self.has_changes() || self.changes.iter().any(Change::is_not_ready)
    }

    /// Whether an apply would change the cluster or the state.
    pub fn changes_state(&self) -> bool {
        let concerns_state = |change: &Change| change.is_to_be_remembered() || change.awaited;
        self.has_changes() || self.changes.iter().any(concerns_state)
    }
}

/// Without a state, only the annotations of objects say which state they were made from. It may be the state of
/// somebody else who uses the same project name, so nothing is taken over before somebody names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineageObstacle {
    /// Objects carry these lineages, and nobody agreed to take one over.
    NotAdopted {
        /// The lineages; the plan works from the first one.
        found: Vec<String>,
    },
    /// A lineage was named that no object carries.
    NotFound {
        /// The lineage that was named.
        named: String,
        /// The lineages that objects carry.
        found: Vec<String>,
    },
}

impl LineageObstacle {
    /// The lineages that objects carry, and that can be taken over.
    pub fn found(&self) -> &[String] {
        match self {
            Self::NotAdopted { found } | Self::NotFound { found, .. } => found,
        }
    }
}

/// What the user agreed to beforehand, by name.
#[derive(Debug, Clone, Default)]
pub struct Consent {
    /// Protected resources that may be deleted or replaced.
    pub destroy: BTreeSet<Address>,
    /// Objects of others that may be taken over.
    pub adopt: BTreeSet<Address>,
    /// Namespaces that most of the project's objects may move to.
    pub move_to: BTreeSet<String>,
}
