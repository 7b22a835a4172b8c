//! The state itself.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::completed::CompletedPlan;
use super::error::StateError;
use super::id::{Lineage, RunId};
use super::journal::{Intent, Outcome, RunEnd};
use super::stored_resource::{Readiness, StoredResource};
use super::version::StateVersion;
use crate::resource::{Address, ClusterIdentity, Identity};

/// How many completed plans the state remembers: twice as many as there are revisions, in some ten kilobytes.
pub const COMPLETED_PLANS: usize = 100;

/// What was applied, and to which cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Which state this is, for all its life.
    pub lineage: Lineage,
    /// One higher with every write; 0 for a state that was never written.
    pub serial: u64,
    /// `[project] name`.
    pub project: String,
    /// The cluster that it speaks of; `None` until the first run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterIdentity>,
    /// The number of the last revision; 0 where there was none.
    #[serde(default)]
    pub revision: u64,
    /// The run whose outcomes were folded in last; tells a journal that is still to be folded from one
    /// that only its removal is missing of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<RunId>,
    /// The last run, where it did not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<Unfinished>,
    /// What was perhaps done to the cluster without being recorded: to be looked at by the next plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_doubt: Vec<Intent>,
    /// The plans that were completed last, the newest last: none of them is applied twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub completed: Vec<CompletedPlan>,
    /// What ran once (a chart's hook), by address: it runs again when its content is another one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub runs: BTreeMap<Address, FinishedRun>,
    /// What was applied, by address.
    #[serde(default)]
    pub resources: BTreeMap<Address, StoredResource>,
}

/// Something that ran to its end, and is no object: a chart's hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinishedRun {
    /// The digest of what ran, without its secrets.
    pub content: String,
    /// When it ended.
    pub at: Timestamp,
}

/// A run that did not complete: it was killed, it was stopped, or a part of it failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unfinished {
    /// Which run.
    pub run: RunId,
    /// The digest of its plan: the same plan may be taken up again.
    pub plan: String,
    /// When it began.
    pub begun: Timestamp,
    /// Who began it, as `user@host`.
    pub by: String,
    /// How it ended by itself; `None` where it was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<RunEnd>,
}

/// What a state must be to be used; see [`State::check`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected<'a> {
    /// The project's name.
    pub project: Option<&'a str>,
    /// The lineage, such as a plan file names it.
    pub lineage: Option<&'a Lineage>,
    /// The cluster at hand.
    pub cluster: Option<&'a ClusterIdentity>,
}

impl State {
    /// An empty one of a new lineage, not written yet.
    pub fn new(project: impl Into<String>) -> Self {
        Self {
            lineage: Lineage::random(),
            serial: 0,
            project: project.into(),
            cluster: None,
            revision: 0,
            last_run: None,
            unfinished: None,
            in_doubt: Vec::new(),
            completed: Vec::new(),
            runs: BTreeMap::new(),
            resources: BTreeMap::new(),
        }
    }

    /// Which state at which moment.
    pub fn version(&self) -> StateVersion {
        StateVersion { lineage: self.lineage.clone(), serial: self.serial }
    }

    /// Makes sure that it is the state that is meant. `place` is where it lies, for the message.
    ///
    /// # Errors
    /// The state of another project, another lineage or another cluster.
    pub fn check(&self, place: &Path, expected: Expected<'_>) -> Result<(), StateError> {
        let path = place.to_owned();
        if let Some(project) = expected.project.filter(|project| *project != self.project) {
            return Err(StateError::OtherProject {
                path,
                found: self.project.clone(),
                expected: project.to_owned(),
            });
        }
        if let Some(lineage) = expected.lineage.filter(|lineage| **lineage != self.lineage) {
            return Err(StateError::OtherLineage {
                path,
                found: self.lineage.clone(),
                expected: lineage.clone(),
            });
        }
        match (&self.cluster, expected.cluster) {
            (Some(ours), Some(theirs)) if !ours.is_same(theirs) => Err(StateError::OtherCluster {
                path,
                found: Box::new(ours.clone()),
                expected: Box::new(theirs.clone()),
            }),
            _ => Ok(()),
        }
    }

    /// Remembers the cluster; `true` where this told something new. Call [`check`](Self::check) first.
    pub fn pin_cluster(&mut self, cluster: &ClusterIdentity) -> bool {
        let known_uid = self.cluster.as_ref().and_then(|known| known.uid.clone());
        // A uid that our rights showed once is not forgotten because today's rights do not.
        let pinned = ClusterIdentity { uid: cluster.uid.clone().or(known_uid), ..cluster.clone() };
        if self.cluster.as_ref() == Some(&pinned) {
            return false;
        }
        self.cluster = Some(pinned);
        true
    }

    /// Folds in one outcome. Doing so twice is doing so once.
    pub fn record(&mut self, address: &Address, outcome: &Outcome) {
        match outcome {
            Outcome::Written { resource } => {
                self.settle(&resource.identity);
                self.resources.insert(address.clone(), (**resource).clone());
            }
            Outcome::Moved { from, resource } => {
                self.settle(&resource.identity);
                self.readdress(from, address);
                self.resources.insert(address.clone(), (**resource).clone());
            }
            Outcome::Deleted { identity } | Outcome::Forgotten { identity } => {
                self.settle(identity);
                match self.resources.get(address) {
                    Some(known) if known.identity == *identity => {
                        self.resources.remove(address);
                    }
                    // There is a new object under this address by now; it was not this one that went.
                    Some(_) => {}
                    // The plan gave it another address (`[[moved]]`), and no run had recorded that yet.
                    None => self.resources.retain(|_, known| known.identity != *identity),
                }
            }
            Outcome::Ready => {
                if let Some(resource) = self.resources.get_mut(address) {
                    resource.readiness = Readiness::Ready;
                }
            }
            Outcome::Failed { .. } => {}
        }
    }

    /// Takes in that a plan was completed, and with which revision.
    pub fn complete(&mut self, plan: CompletedPlan) {
        self.revision = plan.revision;
        self.completed.push(plan);
        let too_many = self.completed.len().saturating_sub(COMPLETED_PLANS);
        self.completed.drain(..too_many);
    }

    /// Gives a resource another address, also where others stand on it. Nothing may have that address.
    pub fn readdress(&mut self, from: &Address, to: &Address) {
        if let Some(resource) = self.resources.remove(from) {
            self.resources.insert(to.clone(), resource);
        }
        let dependencies = self.resources.values_mut().flat_map(|resource| &mut resource.dependencies);
        for dependency in dependencies.filter(|dependency| *dependency == from) {
            dependency.clone_from(to);
        }
    }

    /// What is known of an object ends every doubt about it, under whatever address it was looked for.
    fn settle(&mut self, identity: &Identity) {
        self.in_doubt.retain(|intent| intent.target.identity != *identity);
    }
}

#[cfg(test)]
mod tests;
