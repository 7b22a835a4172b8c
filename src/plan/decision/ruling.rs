//! The results of decisions. The planner records them.

use std::sync::Arc;

use serde_json::Value;

use crate::plan::cures::remedies::Remedy;
use crate::plan::model::change::Change;
use crate::plan::model::fidelity::PredictionReason;
use crate::plan::model::plan::Obstacle;
use crate::provider::Write;
use crate::resource::{FieldPath, Live, Problem};

/// What becomes of a resource.
#[derive(Debug)]
pub(in crate::plan) enum Ruling {
    /// It is changed like this, or stays as it is.
    Decided {
        /// The change.
        change: Box<Change>,
        /// The object as it will be, where that is known.
        outcome: Option<Arc<Live>>,
    },
    /// It makes the plan impossible.
    Refused(Obstacle),
    /// The server refuses it now. It is decided when the rest of the plan is known, which may cure that.
    Postponed(Box<Postponed>),
    /// The object has changed since it was read: it must be read again.
    ReadAgain,
    /// The server cannot be asked about it, so it must be predicted.
    Predict {
        /// The object as it will be sent.
        sent: Value,
        /// Why the server cannot be asked.
        reason: PredictionReason,
    },
}

/// A resource that the server refuses now, for a reason that other changes may cure.
#[derive(Debug)]
pub(in crate::plan) struct Postponed {
    /// The object as it is sent.
    pub(in crate::plan) sent: Value,
    /// What becomes ours first.
    pub(in crate::plan) takes: Vec<FieldPath>,
    /// What the server said.
    pub(in crate::plan) problem: Problem,
    /// What would have to happen: of each list one.
    pub(in crate::plan) remedies: Vec<Vec<Remedy>>,
    /// What stands against it where nothing in the plan helps.
    pub(in crate::plan) obstacle: Obstacle,
}

impl Ruling {
    /// It is changed like this.
    pub(super) fn decided(change: Change, outcome: Option<Arc<Live>>) -> Self {
        Self::Decided { change: Box::new(change), outcome }
    }
}

impl From<Problem> for Ruling {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem.into())
    }
}

/// What follows from what was read.
#[derive(Debug)]
pub(in crate::plan) enum NextStep {
    /// The server must say what this write would change.
    Preview {
        /// The write.
        write: Box<Write>,
        /// The object as it will be sent, which may differ from what is tried.
        sent: Value,
    },
    /// It must be known whether objects of the kind can be made, since no write can be tried.
    AskWhetherServed,
    /// Nothing more must be known.
    Ruling(Ruling),
}

impl NextStep {
    /// It makes the plan impossible.
    pub(super) fn refused(problem: Problem) -> Self {
        Self::Ruling(problem.into())
    }
}
