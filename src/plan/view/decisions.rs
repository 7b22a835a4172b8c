//! What is decided already.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::plan::model::change::Change;
use crate::plan::model::plan::Refusal;
use crate::resource::Live;

/// What is decided, by the position of the resource.
#[derive(Debug, Default)]
pub(in crate::plan) struct Decisions {
    made: BTreeMap<usize, Decision>,
    refused: HashSet<usize>,
    refusals: Vec<Refusal>,
}

#[derive(Debug)]
struct Decision {
    change: Change,
    /// The object as it will be, where that is known and others look into it.
    outcome: Option<Arc<Live>>,
}

impl Decisions {
    /// Records what becomes of a resource.
    pub(in crate::plan) fn record(&mut self, position: usize, change: Change, outcome: Option<Arc<Live>>) {
        self.made.insert(position, Decision { change, outcome });
    }

    /// Records that a resource makes the plan impossible.
    pub(in crate::plan) fn refuse(&mut self, position: usize, refusal: Refusal) {
        self.refusals.push(refusal);
        self.refused.insert(position);
    }

    /// Whether there is nothing left to decide of it.
    pub(super) fn is_settled(&self, position: usize) -> bool {
        self.made.contains_key(&position) || self.refused.contains(&position)
    }

    /// Whether it makes the plan impossible.
    pub(super) fn is_refused(&self, position: usize) -> bool {
        self.refused.contains(&position)
    }

    /// What becomes of it.
    pub(in crate::plan) fn change(&self, position: usize) -> Option<&Change> {
        self.made.get(&position).map(|decision| &decision.change)
    }

    /// The object as it will be, where that is known.
    pub(super) fn outcome(&self, position: usize) -> Option<&Live> {
        self.made.get(&position)?.outcome.as_deref()
    }

    /// All changes so far, in the order of the plan.
    pub(super) fn changes(&self) -> impl Iterator<Item = &Change> {
        self.made.values().map(|decision| &decision.change)
    }

    /// All changes in the order of the plan, and all refusals in the order in which they were found.
    pub(in crate::plan) fn into_parts(self) -> (Vec<Change>, Vec<Refusal>) {
        (self.made.into_values().map(|decision| decision.change).collect(), self.refusals)
    }
}
