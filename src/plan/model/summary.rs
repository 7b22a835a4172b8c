//! A plan in numbers.

use serde::{Deserialize, Serialize};

use super::change::Action;
use super::plan::Plan;

/// How many of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Created, or taken over.
    pub add: usize,
    /// Updated.
    pub change: usize,
    /// Replaced.
    pub replace: usize,
    /// Deleted.
    pub destroy: usize,
    /// No longer remembered; the cluster keeps them, or has lost them already.
    pub forget: usize,
    /// As they should be.
    pub unchanged: usize,
}

impl Plan {
    /// How many of each.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for change in &self.changes {
            match change.action {
                Action::Create | Action::Adopt => summary.add += 1,
                Action::Update => summary.change += 1,
                Action::Replace => summary.replace += 1,
                Action::Delete => summary.destroy += 1,
                Action::None => summary.unchanged += 1,
                Action::Forget => summary.forget += 1,
                Action::Keep => {}
            }
            // The new object stays; that the old one goes is a delete all the same.
            if change.replaced.is_some() && change.action != Action::Replace {
                summary.destroy += 1;
            }
        }
        summary
    }
}
