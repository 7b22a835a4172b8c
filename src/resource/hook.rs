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
    /// It is tested.
    Test,
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
    /// When somebody looks whether it works.
    Test,
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
    /// The [content](Self::content_of) that it runs with. As long as the chart renders the same, nothing runs again.
    pub content: String,
    /// What happens to the chart in the plan at hand.
    pub moment: Moment,
}

/// What stands between the two digests of a content.
const FROM: &str = " from ";
/// What stands before the content of a hook that runs because its chart is deleted.
const DELETION: &str = "deletion of ";

impl Hook {
    /// The content that hooks run with: the digest of all that their chart renders, without secrets, and that of what it
    /// is rendered from, where that is known.
    pub fn content_of(rendered: &str, from: Option<&str>) -> String {
        from.map_or_else(|| rendered.to_owned(), |from| format!("{rendered}{FROM}{from}"))
    }

    /// The same hook, as it runs when its chart is deleted. It may have run for the same content before, for another reason:
    /// that is not this run.
    #[must_use]
    pub fn of_deletion(self) -> Self {
        Self { content: format!("{DELETION}{}", self.content), moment: Moment::Delete, ..self }
    }

    /// What the chart was rendered from that had this content, where that is known.
    pub fn rendered_from(content: &str) -> Option<&str> {
        content.split_once(FROM).map(|(_, from)| from)
    }

    /// Whether it does the same with this content: the chart renders the same, whatever from.
    pub fn does_the_same_with(&self, content: &str) -> bool {
        let rendered =
            |content: &str| content.split_once(FROM).map_or(content.len(), |(first, _)| first.len());
        content[..rendered(content)] == self.content[..rendered(&self.content)]
    }
}

impl Phase {
    /// All of them that belong to a change of a chart.
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
            Self::Test => (Side::After, Moment::Test),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ran_with_a_content_has_not_run_for_a_deletion_with_it() {
        let content = Hook::content_of("sha256:a", Some("sha256:b"));
        let (phases, deleted_after) =
            (BTreeSet::from([Phase::PreInstall, Phase::PreDelete]), BTreeSet::new());
        let hook =
            Hook { phases, weight: 0, deleted_after, content: content.clone(), moment: Moment::Install };
        let leaving = hook.clone().of_deletion();
        assert_eq!((hook.side(), leaving.side()), (Some(Side::Before), Some(Side::Before)));
        assert!(hook.does_the_same_with(&content) && !leaving.does_the_same_with(&content));
        assert_eq!(Hook::rendered_from(&leaving.content), Some("sha256:b"));
    }
}
