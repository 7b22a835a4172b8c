//! Writes and deletes that are done only if the object is still the one that the plan was made with.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::patience::PatientWriter;
use crate::kubernetes::cascade::CascadeScope;
use crate::plan::{self, After, Change, FieldChange};
use crate::provider::{Guard, Provider, Reassignment, Shift, Write, Written};
use crate::resource::{Desired, Live, Problem, ProblemKind, Reading, Stamp, Target};

/// How often an object that changes while it is written is read again, and the change computed anew. A
/// rollout updates a Deployment many times: a conflict there is normal, and no sign of another user's change.
const TRIES: usize = 5;

/// Creates an object that must not exist yet. Returns it as it is now, and what was sent.
pub(super) async fn create(
    provider: &dyn Provider,
    write: Write,
    writer: PatientWriter<'_>,
) -> Result<(Written, Value), Problem> {
    let write = Write { guard: Guard::Absent, ..write };
    let written = writer.write(provider, &write).await.map_err(|problem| match problem.kind {
        ProblemKind::Conflict => Problem {
            message: "somebody else has made it since the plan; it was not touched".to_owned(),
            help: Some("plan again: the new plan says whose it is, and how to take it over".to_owned()),
            ..problem
        },
        _ => problem,
    })?;
    Ok((written, write.object))
}

/// Updates the object that the plan was made with. Where its version has changed since, it is written only if
/// the change is still the approved one.
pub(super) async fn update(
    provider: &dyn Provider,
    write: Write,
    stamp: &Stamp,
    writer: PatientWriter<'_>,
    desired: &Desired,
) -> Result<Written, Problem> {
    let mut write = Write { guard: Guard::At(stamp.clone()), ..write };
    let mut doubt = None;
    for _ in 0..TRIES {
        let problem = match writer.write(provider, &write).await {
            Err(problem) if is_moved(&problem) => problem,
            result => return result.map_err(|problem| still_in_doubt(doubt, problem)),
        };
        doubt = doubt.or_else(|| is_in_doubt(&problem).then(|| problem.clone()));
        write = match look_again(provider, write, problem, writer.change, desired).await {
            Ok(again) => again,
            Err(problem) => return Err(still_in_doubt(doubt, problem)),
        };
    }
    Err(still_in_doubt(doubt, changed_all_the_time()))
}

/// Whether the object is not, or may not be, as the guard names it.
fn is_moved(problem: &Problem) -> bool {
    problem.kind == ProblemKind::Conflict || is_in_doubt(problem)
}

/// Whether the write may have been done before others changed the object.
fn is_in_doubt(problem: &Problem) -> bool {
    problem.kind == ProblemKind::Overtaken
}

/// A failure after a try that may have been done. What comes later does not settle that.
fn still_in_doubt(doubt: Option<Problem>, problem: Problem) -> Problem {
    let Some(doubt) = doubt.filter(|_| !is_in_doubt(&problem)) else { return problem };
    Problem { message: format!("{}; {}", doubt.message, problem.message), ..doubt }
}

/// Moves fields to other field managers before the object is updated. Returns the stamp that the update is
/// then guarded by. Where the object's version has changed since the plan, this is done only if the change is
/// still the approved one.
pub(super) async fn reassign(
    provider: &dyn Provider,
    write: &Write,
    stamp: &Stamp,
    shift: Shift,
    approved: &Change,
    desired: &Desired,
) -> Result<Stamp, Problem> {
    let mut stamp = stamp.clone();
    for _ in 0..TRIES {
        let reassignment = Reassignment {
            target: write.target.clone(),
            stamp: stamp.clone(),
            manager: write.manager.clone(),
            shift: shift.clone(),
        };
        let problem = match provider.reassign(&reassignment).await {
            Ok(live) => return Ok(live.stamp),
            Err(problem) if is_moved(&problem) => problem,
            Err(problem) => return Err(problem),
        };
        let guarded = Write { guard: Guard::At(stamp), ..write.clone() };
        let again = look_again(provider, guarded, problem, approved, desired).await?;
        let Guard::At(moved) = again.guard else { break };
        stamp = moved;
    }
    Err(changed_all_the_time())
}

fn changed_all_the_time() -> Problem {
    let message = format!("it was changed by others {TRIES} times while it was written");
    Problem::new(ProblemKind::Conflict, message)
        .help("find out who writes to it all the time (its field managers), then plan again")
}

/// The object as it is now, if it still is the one with this uid, and still has the marks that it was planned with.
async fn same_object(
    provider: &dyn Provider,
    target: &Target,
    uid: &str,
    conflict: Problem,
    approved: &Change,
) -> Result<Live, Problem> {
    let moved = |story: &str| {
        Problem::new(ProblemKind::Conflict, format!("it {story} since the plan; it was not touched"))
            .help("plan again, and look at what the new plan says of it")
    };
    match provider.read(std::slice::from_ref(target)).await.pop() {
        Some(Reading::Present(live)) if live.stamp.uid == uid => {
            let read = approved.prior.as_deref();
            match read.and_then(|read| plan::changed_mark(read, &live, approved.send.as_ref())) {
                Some(problem) => Err(problem),
                None => Ok(Arc::unwrap_or_clone(live)),
            }
        }
        Some(Reading::Present(_)) => Err(moved("was deleted and made again by others")),
        Some(Reading::Absent) => Err(moved("was deleted by others")),
        Some(Reading::Unreadable(problem)) => Err(problem),
        None => Err(conflict),
    }
}

/// The same write, guarded by the object's version of now, if it still changes what was approved. A
/// controller may update the object between the read and the dry-run as well, so both are tried several
/// times.
async fn look_again(
    provider: &dyn Provider,
    write: Write,
    conflict: Problem,
    approved: &Change,
    desired: &Desired,
) -> Result<Write, Problem> {
    let Guard::At(Stamp { uid, .. }) = &write.guard else { return Err(conflict) };
    let uid = uid.clone();
    let mut conflict = conflict;
    for _ in 0..TRIES {
        let live = same_object(provider, &write.target, &uid, conflict, approved).await?;
        let again = Write { guard: Guard::At(live.stamp.clone()), ..write.clone() };
        // What is in the way is ours only after the write's first step, so a dry-run would be refused.
        if !approved.takes.is_empty() {
            return as_planned(approved, &live).map(|()| again);
        }
        let object = plan::dry_run_object(&again.manager, desired, &live, &again.object);
        conflict = match provider.preview(&Write { object, ..again.clone() }).await {
            Ok(answer) => return as_approved(again, &live, &answer.live, approved, desired),
            Err(problem) if problem.kind == ProblemKind::Conflict => problem,
            // There is no dry-run to compare with, but the read tells whether one of the fields has changed.
            Err(problem) if matches!(problem.kind, ProblemKind::DryRunRefused | ProblemKind::Forbidden) => {
                return as_planned(approved, &live).map(|()| again);
            }
            Err(problem) => return Err(problem),
        };
    }
    Err(conflict)
}

fn as_approved(
    again: Write,
    live: &Live,
    answer: &Live,
    approved: &Change,
    desired: &Desired,
) -> Result<Write, Problem> {
    let now = plan::field_changes(desired, &live.object, &answer.object);
    let moved = not_as_approved(&approved.fields, &now);
    if moved.is_empty() { Ok(again) } else { Err(not_approved(live, &moved)) }
}

/// Fails where a field of the change has another value than when it was planned.
fn as_planned(approved: &Change, live: &Live) -> Result<(), Problem> {
    let moved: Vec<String> = plan::moved_fields(approved, live).iter().map(ToString::to_string).collect();
    if moved.is_empty() { Ok(()) } else { Err(not_approved(live, &moved)) }
}

fn not_approved(live: &Live, moved: &[String]) -> Problem {
    let managers = live.ownership.managers().join(", ");
    let message = format!(
        "others changed it since the plan, in a way that was not approved: {} (field managers: {managers})",
        moved.join(", ")
    );
    Problem::new(ProblemKind::Conflict, message).help("plan again, and approve what the new plan says")
}

/// The fields whose change is not the approved one.
fn not_as_approved(approved: &[FieldChange], now: &[FieldChange]) -> Vec<String> {
    let same = |a: &FieldChange, b: &FieldChange| {
        let known = matches!(a.after, After::Unknown(_)) || a.after == b.after;
        a.path == b.path && a.before == b.before && known
    };
    let appeared = now.iter().filter(|change| !approved.iter().any(|other| same(other, change)));
    // The notes of other tools are removed before the write, so the answer to a dry-run does not show them.
    let shown = approved.iter().filter(|change| !crate::kubernetes::marks::is_note_of_a_tool(&change.path));
    let vanished = shown.filter(|change| !now.iter().any(|other| same(change, other)));
    let mut paths: Vec<String> = appeared.chain(vanished).map(|change| change.path.to_string()).collect();
    paths.sort();
    paths.dedup();
    paths
}

/// Fails where others have made something since the plan that would be deleted with a namespace or a definition. What
/// cannot be looked at now was told, or refused, when the plan was approved. `made_here` has the uids of what this run has
/// made itself.
pub(super) async fn holds_nothing_new(
    provider: &dyn Provider,
    change: &Change,
    live: &Live,
    made_here: &BTreeSet<String>,
) -> Result<(), Problem> {
    let Some(scope) = CascadeScope::of(&live.object) else { return Ok(()) };
    let found = provider.cluster().dependents(&scope).await?;
    let new = plan::made_since(change, found.seen, made_here);
    let new: Vec<String> = new.iter().map(ToString::to_string).collect();
    if new.is_empty() {
        return Ok(());
    }
    let message = format!(
        "{} was made in it since the plan, and would be deleted with it; it was not touched",
        new.join(", ")
    );
    Err(Problem::new(ProblemKind::Conflict, message)
        .help("plan again: the new plan names all that is deleted with it"))
}

/// Asks for deletion of exactly the object that was planned with. Where only its version moved, it is still the
/// one whose deletion was approved, unless others changed its marks; if it makes place for another one, none of the
/// fields may have moved that the new one was planned with.
pub(super) async fn delete(
    provider: &dyn Provider,
    target: &Target,
    read: &Live,
    successor: Option<&Change>,
) -> Result<(), Problem> {
    let mut last = Arc::new(read.clone());
    for _ in 0..TRIES {
        let problem = match provider.delete(target, &last).await {
            Err(problem) if problem.kind == ProblemKind::Conflict => problem,
            result => return result,
        };
        match provider.read(std::slice::from_ref(target)).await.pop() {
            Some(Reading::Absent) => return Ok(()),
            Some(Reading::Present(live)) if live.stamp.uid == read.stamp.uid => {
                if let Some(problem) = plan::changed_mark(read, &live, None) {
                    return Err(problem);
                }
                if let Some(change) = successor {
                    as_planned(change, &live)?;
                }
                last = live;
            }
            Some(Reading::Present(_)) => {
                return Err(Problem::new(
                    ProblemKind::Conflict,
                    "it was deleted and made again by others since the plan; the new one was not touched",
                )
                .help("plan again: the new plan shows what is there now"));
            }
            Some(Reading::Unreadable(unreadable)) => return Err(unreadable),
            None => return Err(problem),
        }
    }
    Err(Problem::new(
        ProblemKind::Conflict,
        format!("it was changed by others {TRIES} times while it was deleted"),
    )
    .help("find out who writes it all the time (`kubectl get --show-managed-fields`), and run the same command again"))
}
