//! A plan in numbers.

use serde::{Deserialize, Serialize};

use super::change::Action;
use super::plan::Plan;
use super::reason::Reason;
use crate::resource::Health;

/// How many resources of each action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Created.
    pub add: usize,
    /// Taken over: they exist already.
    #[serde(default)]
    pub adopt: usize,
    /// Updated.
    pub change: usize,
    /// Replaced.
    pub replace: usize,
    /// Run: hooks of charts.
    #[serde(default)]
    pub run: usize,
    /// Deleted.
    pub destroy: usize,
    /// Only forgotten by the state; the cluster keeps them, or they are gone already.
    pub forget: usize,
    /// As they should be.
    pub unchanged: usize,
    /// Of the unchanged ones, those that have not become ready since they were written.
    #[serde(default)]
    pub not_ready: usize,
    /// Of the unchanged ones, those that were ready and are not any more.
    #[serde(default)]
    pub unhealthy: usize,
}

impl Plan {
    /// How many resources of each action.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for change in &self.changes {
            match change.action {
                Action::Create => summary.add += 1,
                Action::Adopt => summary.adopt += 1,
                Action::Update => summary.change += 1,
                Action::Replace => summary.replace += 1,
                Action::Run => summary.run += 1,
                Action::Delete => summary.destroy += 1,
                // It is not there to stay, and this is not when it runs.
                Action::None if change.reasons.contains(&Reason::NotItsMoment) => {}
                Action::None => summary.unchanged += 1,
                Action::Forget => summary.forget += 1,
                Action::Keep => {}
            }
            match change.health {
                Some(Health::NotReady { .. }) => summary.not_ready += 1,
                Some(Health::Unhealthy { .. }) => summary.unhealthy += 1,
                None => {}
            }
            // The new object stays, but the old one of another name is deleted.
            if change.replaced.is_some() && !matches!(change.action, Action::Replace | Action::Run) {
                summary.destroy += 1;
            }
        }
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::model::change::Change;
    use crate::plan::model::fidelity::Fidelity;
    use crate::plan::testing::plan;
    use crate::resource::{Address, Identity, Target};

    #[test]
    fn a_hook_whose_moment_this_is_not_is_not_counted_among_what_stays() {
        let with = |reason: Option<Reason>| {
            let identity = Identity::namespaced("batch", "Job", "a", "j");
            let target = Target { identity, version: None };
            let address = Address::block("chart", "web");
            let reasons = reason.into_iter().collect();
            Change { reasons, ..Change::new(address, target, Action::None, Fidelity::Observed) }
        };
        let unchanged = |reason| plan(vec![with(reason)]).summary().unchanged;
        assert_eq!(unchanged(Some(Reason::NotItsMoment)), 0);
        assert_eq!(unchanged(Some(Reason::Completed)), 1);
        assert_eq!(unchanged(None), 1);
    }
}
