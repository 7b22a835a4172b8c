//! Objects that a chart has run at a moment, and that are not there for ever: its hooks.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What happens to a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// It is new, or not all of it was done yet when it was new.
    Install,
    /// It was there before.
    Upgrade,
    /// It goes back to an earlier revision.
    Rollback,
    /// It is deleted.
    Delete,
    /// It is taken over as it is. Nothing runs.
    Takeover,
}

/// Whether something runs before or after what happens to a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// Before it.
    Before,
    /// After it.
    After,
}

/// When a hook runs, by the names that charts use.
/// Source: <https://helm.sh/docs/topics/charts_hooks/#the-available-hooks>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Before a chart is installed.
    PreInstall,
    /// After a chart was installed.
    PostInstall,
    /// Before a chart is upgraded.
    PreUpgrade,
    /// After a chart was upgraded.
    PostUpgrade,
    /// Before a chart goes back to an earlier revision.
    PreRollback,
    /// After a chart went back to an earlier revision.
    PostRollback,
    /// Before a chart is deleted.
    PreDelete,
    /// After a chart was deleted.
    PostDelete,
}

/// How a run ended, after which its object is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It did its work.
    Succeeded,
    /// It failed.
    Failed,
}

/// How an object of a chart is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// When it runs.
    pub phases: BTreeSet<Phase>,
    /// Its place among the others of the same phase: the lowest is first.
    #[serde(default)]
    pub weight: i64,
    /// After which endings the object is deleted.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub deleted_after: BTreeSet<Ending>,
    /// The digest of all that the chart renders, without secrets. As long as it is the same, nothing runs again.
    pub content: String,
    /// What happens to the chart in the plan at hand.
    pub moment: Moment,
}

impl Phase {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::PreInstall,
        Self::PostInstall,
        Self::PreUpgrade,
        Self::PostUpgrade,
        Self::PreRollback,
        Self::PostRollback,
        Self::PreDelete,
        Self::PostDelete,
    ];

    /// Before or after what it is.
    pub fn place(self) -> (Side, Moment) {
        match self {
            Self::PreInstall => (Side::Before, Moment::Install),
            Self::PostInstall => (Side::After, Moment::Install),
            Self::PreUpgrade => (Side::Before, Moment::Upgrade),
            Self::PostUpgrade => (Side::After, Moment::Upgrade),
            Self::PreRollback => (Side::Before, Moment::Rollback),
            Self::PostRollback => (Side::After, Moment::Rollback),
            Self::PreDelete => (Side::Before, Moment::Delete),
            Self::PostDelete => (Side::After, Moment::Delete),
        }
    }
}

impl Hook {
    /// Before or after what happens to the chart it runs; `None` where it does not run now.
    pub fn side(&self) -> Option<Side> {
        let mut places = self.phases.iter().map(|phase| phase.place());
        places.find(|(_, moment)| *moment == self.moment).map(|(side, _)| side)
    }
}
