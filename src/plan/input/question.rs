//! What the planner asks, and what it is told.

use crate::plan::model::plan::Plan;
use crate::provider::{CascadeScope, Dependents, Write, Written};
use crate::resource::{Problem, Reading, Target};

/// What the planner must know.
#[derive(Debug, Clone)]
pub enum Question {
    /// What is there.
    Read(Vec<Target>),
    /// What is there by now of objects that moved while they were looked at, as a rollout moves a
    /// Deployment: to be left alone for a moment first.
    ReadAgain(Vec<Target>),
    /// What a write would come to.
    Preview(Box<Write>),
    /// What else dies with an object.
    Dependents(CascadeScope),
}

/// What it is told, one for each question.
#[derive(Debug, Clone)]
pub enum Answer {
    /// One for each target.
    Read(Vec<Reading>),
    /// What the write would come to.
    Preview(Result<Written, Problem>),
    /// What was seen of it.
    Dependents(Result<Dependents, Problem>),
}

/// Where the planner stands.
#[derive(Debug)]
pub enum Step {
    /// It must know these, which do not wait for each other.
    Ask(Vec<Question>),
    /// It is done.
    Done(Box<Plan>),
}
