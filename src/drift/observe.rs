//! Finds what became of one resource, from what was applied and what was read.

use super::additions::Beside;
use super::compare::differences;
use super::owners;
use super::{Additions, Field, Status, hooks};
use crate::resource::{Health, Live, Problem, ProblemKind, Reading};
use crate::state::StoredResource;

/// What was found of a resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// How it compares with what was applied.
    pub status: Status,
    /// What is wrong with it, where that was looked at.
    pub health: Option<Health>,
    /// What others have added to it, where that is no drift.
    pub added: Vec<Field>,
    /// How many other fields and list items it has that only others own.
    pub foreign: usize,
}

impl From<Status> for Observation {
    fn from(status: Status) -> Self {
        Self { status, health: None, added: Vec::new(), foreign: 0 }
    }
}

/// Looks at a resource of this project. An object that cannot be read never counts as gone, and one that cannot be
/// compared never counts as in sync.
pub fn observe(
    project: &str,
    resource: &StoredResource,
    reading: &Reading,
    additions: Additions,
) -> Observation {
    if let Some(moment) = resource.hook {
        return hooks::status(moment, resource, reading).into();
    }
    let live = match reading {
        Reading::Present(live) => live,
        // It has ended by itself, and is taken away then.
        Reading::Absent if resource.readiness.completed().is_some() => return Status::InSync.into(),
        Reading::Absent => return Status::Gone.into(),
        Reading::Unreadable(problem) => return Status::Unreadable(problem.clone()).into(),
    };
    if live.stamp.uid != resource.uid {
        return Status::Recreated { by: owners::all(&live.ownership) }.into();
    }
    if live.is_ending() && resource.readiness.completed().is_some() {
        return Status::InSync.into();
    }
    let differences =
        resource.applied.as_ref().map(|applied| differences(project, &resource.identity, applied, live));
    match differences {
        Some(Err(error)) => {
            let message = format!("the record of its last apply cannot be read: {error}");
            let problem = Problem::new(ProblemKind::Other, message);
            Status::Unreadable(problem.help("run `regplan apply`, which writes it again")).into()
        }
        Some(Ok((fields, _))) if live.is_ending() => {
            Status::Ending { since: ending_since(live), fields }.into()
        }
        None if live.is_ending() => Status::Ending { since: ending_since(live), fields: Vec::new() }.into(),
        Some(Ok((mut fields, Beside { mut added, others }))) => {
            if additions == Additions::Drift {
                fields.append(&mut added);
                fields.sort_by(|a, b| a.path.cmp(&b.path));
            }
            let status = if fields.is_empty() { Status::InSync } else { Status::Changed(fields) };
            Observation { status, health: None, added, foreign: others }
        }
        None => Status::Unrecorded.into(),
    }
}

/// Looks at a namespace that the state does not know, though objects that it knows lie in it; `None` where there is
/// nothing to tell. Whoever may work only inside a namespace need not be able to look at it.
pub fn observe_shared_namespace(reading: &Reading) -> Option<Status> {
    match reading {
        Reading::Present(live) if live.is_ending() => {
            Some(Status::Ending { since: ending_since(live), fields: Vec::new() })
        }
        Reading::Absent => Some(Status::Gone),
        Reading::Unreadable(problem) if problem.kind != ProblemKind::Forbidden => {
            Some(Status::Unreadable(problem.clone()))
        }
        Reading::Present(_) | Reading::Unreadable(_) => None,
    }
}

fn ending_since(live: &Live) -> Option<String> {
    Some(live.object.pointer("/metadata/deletionTimestamp")?.as_str()?.to_owned())
}
