//! Finds the status of one resource from what was applied and what was read.

use super::Status;
use super::compare::differences;
use super::owners;
use crate::resource::{Live, Problem, ProblemKind, Reading};
use crate::state::StoredResource;

/// The status of a resource of this project. An object that cannot be read never counts as gone, and one that
/// cannot be compared never counts as in sync.
pub fn observe(project: &str, resource: &StoredResource, reading: &Reading) -> Status {
    let live = match reading {
        Reading::Present(live) => live,
        // It has ended by itself, and is taken away then.
        Reading::Absent if resource.readiness.completed().is_some() => return Status::InSync,
        Reading::Absent => return Status::Gone,
        Reading::Unreadable(problem) => return Status::Unreadable(problem.clone()),
    };
    if live.stamp.uid != resource.uid {
        return Status::Recreated { by: owners::all(&live.ownership) };
    }
    if live.is_ending() && resource.readiness.completed().is_some() {
        return Status::InSync;
    }
    let differences =
        resource.applied.as_ref().map(|applied| differences(project, &resource.identity, applied, live));
    match differences {
        Some(Err(error)) => {
            let message = format!("the record of its last apply cannot be read: {error}");
            let problem = Problem::new(ProblemKind::Other, message);
            Status::Unreadable(problem.help("run `regplan apply`, which writes it anew"))
        }
        Some(Ok(fields)) if live.is_ending() => Status::Ending { since: ending_since(live), fields },
        None if live.is_ending() => Status::Ending { since: ending_since(live), fields: Vec::new() },
        Some(Ok(fields)) if fields.is_empty() => Status::InSync,
        Some(Ok(fields)) => Status::Changed(fields),
        None => Status::Unrecorded,
    }
}

fn ending_since(live: &Live) -> Option<String> {
    Some(live.object.pointer("/metadata/deletionTimestamp")?.as_str()?.to_owned())
}
