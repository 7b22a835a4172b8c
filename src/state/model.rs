//! The state: what it says, and how the outcome of a run changes it.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::changed::Changed;
use super::completed::CompletedPlan;
use super::error::StateError;
use super::id::{Lineage, RunId};
use super::journal::{Intent, Outcome, RunEnd};
use super::stored_resource::{Readiness, StoredResource};
use super::version::StateVersion;
use crate::resource::{Address, ClusterIdentity, Identity, NamespaceSelection};

/// How many completed plans the state remembers: twice as many as there are revisions. They take about 10 kB.
pub const COMPLETED_PLANS: usize = 100;

/// How many names of earlier runs and of their ends the state remembers: two for each revision. They take about 4 kB.
pub const EARLIER_RUNS: usize = 100;

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
    /// The cluster that the resources are in; `None` until the first run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterIdentity>,
    /// The number of the last revision; 0 where there is none yet.
    #[serde(default)]
    pub revision: u64,
    /// The run whose outcomes were folded in last. It distinguishes a journal that is still to be folded in
    /// from one that only has to be removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<RunId>,
    /// The name of the end of that run, which stands for its outcomes. A copy that was made in the middle of the run knows
    /// the run, and has another end of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_end: Option<RunId>,
    /// The runs before that one and their ends, the newest last. A copy of this state that knows another one has gone
    /// another way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_runs: Vec<RunId>,
    /// The namespace of the cluster in which it is recorded which state is the newest one; `None` where that was never
    /// recorded. It stays the same whatever the configuration says, so that all copies look at one place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_in: Option<String>,
    /// The files of the configuration that the last run was to make true, relative to the folder of the first one; empty
    /// where nobody knows. Others may be those of another environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// The variables to which the command line or the environment of that run gave another value than their default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<String>,
    /// Which namespaces the blocks of that run choose by their labels. Others may have the labels by now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selections: Vec<NamespaceSelection>,
    /// The last run, where it did not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<Unfinished>,
    /// What was perhaps done to the cluster without being recorded. The next plan looks for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_doubt: Vec<Intent>,
    /// The plans that were completed last, the newest last: none of them is applied twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub completed: Vec<CompletedPlan>,
    /// What ran once and is no object, by address. It runs again when its content has changed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub runs: BTreeMap<Address, FinishedRun>,
    /// What was applied, by address.
    #[serde(default)]
    pub resources: BTreeMap<Address, StoredResource>,
}

/// Something that ran to its end, and is no object.
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
    /// The run's id.
    pub run: RunId,
    /// The digest of its plan: the same plan may be applied again.
    pub plan: String,
    /// When it began.
    pub begun: Timestamp,
    /// Who began it, as `user@host`.
    pub by: String,
    /// How it ended by itself; `None` where it was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<RunEnd>,
    /// What it has changed, with the runs before it that did not complete either. The next revision tells it.
    #[serde(default, skip_serializing_if = "Changed::is_empty")]
    pub changed: Changed,
}

/// What [`State::check`] asks of a state; `None` is not checked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected<'a> {
    /// The project's name.
    pub project: Option<&'a str>,
    /// The lineage, such as a plan file names it.
    pub lineage: Option<&'a Lineage>,
    /// The cluster that the settings lead to.
    pub cluster: Option<&'a ClusterIdentity>,
}

impl State {
    /// An empty state of a new lineage, not written yet.
    pub fn new(project: impl Into<String>) -> Self {
        Self {
            lineage: Lineage::random(),
            serial: 0,
            project: project.into(),
            cluster: None,
            revision: 0,
            last_run: None,
            last_end: None,
            earlier_runs: Vec::new(),
            recorded_in: None,
            files: Vec::new(),
            variables: Vec::new(),
            selections: Vec::new(),
            unfinished: None,
            in_doubt: Vec::new(),
            completed: Vec::new(),
            runs: BTreeMap::new(),
            resources: BTreeMap::new(),
        }
    }

    /// Its lineage and its serial.
    pub fn version(&self) -> StateVersion {
        StateVersion { lineage: self.lineage.clone(), serial: self.serial }
    }

    /// Makes sure that this is the expected state. `place` is its path, for the message.
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

    /// Records the cluster; `true` where this changed the state. Call [`check`](Self::check) first.
    pub fn pin_cluster(&mut self, cluster: &ClusterIdentity) -> bool {
        let pinned = cluster.clone().with_known_uid(self.cluster.as_ref());
        if self.cluster.as_ref() == Some(&pinned) {
            return false;
        }
        self.cluster = Some(pinned);
        true
    }

    /// Folds in one outcome. It can be folded in twice with the same result.
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

    /// Notes that this run was the last one.
    pub fn end_run(&mut self, run: RunId) {
        self.earlier_runs.extend(self.last_run.replace(run));
        self.earlier_runs.extend(self.last_end.take());
        let too_many = self.earlier_runs.len().saturating_sub(EARLIER_RUNS);
        self.earlier_runs.drain(..too_many);
    }

    /// What tells this state from its copies: the end of the last run, or the run itself; `None` before the first one.
    pub fn newest_run(&self) -> Option<&RunId> {
        self.last_end.as_ref().or(self.last_run.as_ref())
    }

    /// Whether the outcomes of this run are in it, or it has this end of a run.
    pub fn knows(&self, run: &RunId) -> bool {
        [&self.last_run, &self.last_end]
            .into_iter()
            .flatten()
            .chain(&self.earlier_runs)
            .any(|known| known == run)
    }

    /// Adds a completed plan, and removes the oldest ones above [`COMPLETED_PLANS`].
    pub fn complete(&mut self, plan: CompletedPlan) {
        self.revision = plan.revision;
        self.completed.push(plan);
        let too_many = self.completed.len().saturating_sub(COMPLETED_PLANS);
        self.completed.drain(..too_many);
    }

    /// Gives a resource another address, also among the dependencies of others. The new address must be free.
    pub fn readdress(&mut self, from: &Address, to: &Address) {
        if let Some(resource) = self.resources.remove(from) {
            self.resources.insert(to.clone(), resource);
        }
        let dependencies = self.resources.values_mut().flat_map(|resource| &mut resource.dependencies);
        for dependency in dependencies.filter(|dependency| *dependency == from) {
            dependency.clone_from(to);
        }
    }

    /// Ends every doubt about an object, under whatever address it was looked for.
    fn settle(&mut self, identity: &Identity) {
        self.in_doubt.retain(|intent| intent.target.identity != *identity);
    }
}

#[cfg(test)]
mod tests;
