//! Revisions: what a completed apply left.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::changed::Changed;
use super::completed::CompletedPlan;
use super::id::RunId;
use super::journal::IntentKind;
use super::model::State;
use super::stored_desired::StoredDesired;
use crate::resource::Address;

/// How many revisions are kept: a few weeks of daily work, a few megabytes for a registry. The oldest is
/// removed first; the newest always stays.
pub const DEFAULT_RETENTION: usize = 50;

/// Everything that a rollback needs of a completed apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// What is told of it.
    pub head: RevisionHead,
    /// The whole state afterwards.
    pub state: State,
    /// What was desired of each resource.
    #[serde(default)]
    pub desired: BTreeMap<Address, StoredDesired>,
}

/// The head of a revision. Its objects, which are most of the file, are not parsed into values.
#[derive(Deserialize)]
pub(super) struct HeadOnly {
    pub(super) head: RevisionHead,
}

/// What is told of a revision: who applied what, when, and how much that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevisionHead {
    /// Its number, from 1.
    pub number: u64,
    /// The run that completed.
    pub run: RunId,
    /// When it completed.
    pub at: Timestamp,
    /// Who applied it, as `user@host`.
    pub by: String,
    /// The command, such as `apply` or `rollback 3`.
    pub command: String,
    /// The digest of the plan: the same plan is not applied twice.
    pub plan: String,
    /// The digest of the configuration.
    pub configuration: String,
    /// How many resources were changed in each way since the revision before.
    pub summary: RevisionSummary,
    /// What the run changed, and how.
    #[serde(default, skip_serializing_if = "Changed::is_empty")]
    pub changed: Changed,
    /// What the runs before it have changed since the revision before, and did not complete.
    #[serde(default, skip_serializing_if = "Changed::is_empty")]
    pub changed_before: Changed,
}

/// How many resources a run has changed, by the kind of the change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevisionSummary {
    /// Made.
    pub created: usize,
    /// Changed.
    pub updated: usize,
    /// Deleted and created again.
    pub replaced: usize,
    /// Run: hooks of charts.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub run: usize,
    /// Taken over.
    pub adopted: usize,
    /// Deleted.
    pub deleted: usize,
    /// Given another address.
    pub moved: usize,
    /// Forgotten.
    pub forgotten: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl RevisionHead {
    /// What was changed since the revision before, by the run and by those before it that did not complete.
    pub fn all_changed(&self) -> Changed {
        let mut all = self.changed_before.clone();
        all.then(self.changed.clone());
        all
    }

    /// The plan that it came from.
    pub(super) fn completed_plan(&self) -> CompletedPlan {
        CompletedPlan { plan: self.plan.clone(), revision: self.number, at: self.at }
    }
}

impl RevisionSummary {
    /// Counts what was changed.
    pub fn of(changed: &Changed) -> Self {
        let mut summary = Self::default();
        for (_, kind) in changed {
            let count = match kind {
                IntentKind::Create => &mut summary.created,
                IntentKind::Update => &mut summary.updated,
                IntentKind::Replace => &mut summary.replaced,
                IntentKind::Run => &mut summary.run,
                IntentKind::Adopt => &mut summary.adopted,
                IntentKind::Delete => &mut summary.deleted,
                IntentKind::Move => &mut summary.moved,
                IntentKind::Forget => &mut summary.forgotten,
            };
            *count += 1;
        }
        summary
    }
}
