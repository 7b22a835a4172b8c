//! What the planner asks, and what it is told.

use crate::kubernetes::certifier::CertifierLack;
use crate::kubernetes::openapi::ObjectSchema;
use crate::plan::model::plan::Plan;
use crate::provider::{CascadeScope, Checkup, Dependents, Marked, Whole, Write, Written};
use crate::resource::{Problem, Reading, Target};

/// What the planner must know.
#[derive(Debug, Clone)]
pub enum Question {
    /// What is there now.
    Read(Vec<Target>),
    /// What is there by now of objects that changed between reading and dry-run, as a rollout changes a Deployment:
    /// wait for a moment before you read them.
    ReadAgain(Vec<Target>),
    /// Whether objects of these kinds can be made at all. It is asked where no write can be tried.
    Served(Vec<Target>),
    /// What a write would change (a dry-run).
    Preview(Box<Write>),
    /// What the server says of an object as a whole (a dry-run). It is asked where a write cannot be tried before
    /// something has become ours.
    PreviewWhole(Box<Whole>),
    /// Which fields an object of this kind and version has; asked only about what the server cannot be asked.
    Schema(Target),
    /// What objects lack to be ready that stay as they are, and do not say of themselves that they are.
    Lacks(Vec<Checkup>),
    /// What else is deleted with an object.
    Dependents(CascadeScope),
    /// Whether an object outside of the cluster can be deleted from here, and what a person has to do for it.
    BeforeDelete(Target),
    /// Whether our rights allow to ask the pods of each of these namespaces.
    MayAskPods(Vec<String>),
    /// What cert-manager lacks in each of these namespaces.
    Certifier(Vec<String>),
    /// What carries our annotations among the objects of these types, in these namespaces.
    Marked(Vec<Target>),
}

/// What it is told, one for each question.
#[derive(Debug, Clone)]
pub enum Answer {
    /// One for each target.
    Read(Vec<Reading>),
    /// One for each target.
    Served(Vec<Result<(), Problem>>),
    /// The object as it would be after the write.
    Preview(Result<Written, Problem>),
    /// The schema, where the server publishes one.
    Schema(Result<Option<ObjectSchema>, Problem>),
    /// One for each object; `None` for one that is ready.
    Lacks(Vec<Option<String>>),
    /// What a person has to do, or why it cannot be deleted.
    BeforeDelete(Result<Option<String>, Problem>),
    /// What was seen of what is deleted.
    Dependents(Result<Dependents, Problem>),
    /// One for each namespace.
    MayAskPods(Vec<Result<bool, Problem>>),
    /// One for each namespace; `None` where it lacks nothing, or cannot be asked.
    Certifier(Vec<Option<CertifierLack>>),
    /// What was seen.
    Marked(Vec<Marked>),
}

/// What the planner does next.
#[derive(Debug)]
pub enum Step {
    /// It asks these questions, which do not depend on each other.
    Ask(Vec<Question>),
    /// It is done.
    Done(Box<Plan>),
}
