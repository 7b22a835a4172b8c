//! What became of a write without an answer.
//!
//! A write whose answer was lost is never simply repeated, and never simply called failed. The object is
//! read again: if applying ours to it once more would change nothing (a dry-run says so), the write was
//! done; if it is as the guard wants it, the write was not done, and is repeated; if it is another object, somebody
//! else was there, which is a conflict. Where the read fails, or others have changed the object so that it no longer
//! tells, the outcome is called unknown.

use std::sync::Arc;

use serde_json::Value;

use super::request::ApplyRequest;
use crate::kubernetes::marks::{ADDRESS, LINEAGE, PROJECT};
use crate::provider::kubernetes::read::get;
use crate::provider::kubernetes::transport::CallError;
use crate::provider::{Guard, Written};
use crate::resource::{Identity, Live, Problem, ProblemKind, Reading};

/// What to do about a write in doubt.
const LOOK_AGAIN: &str = "run the same command again: it looks before it writes";
/// How often an object that controllers write to is looked at again.
const LOOKS: usize = 5;

/// What became of it.
pub(super) enum LostWrite {
    /// It was done.
    Done(Written),
    /// It was not done, and may be repeated.
    NotDone,
    /// Somebody else was there: it is another object, or none.
    Other,
    /// Others have changed the object, before the write or after it.
    Overtaken,
}

/// Finds out what became of a write.
///
/// # Errors
/// [`ProblemKind::Unreachable`] where that cannot be found out.
pub(super) async fn look_up(request: &ApplyRequest<'_>) -> Result<LostWrite, Problem> {
    let (identity, write) = (request.identity(), request.write);
    // Controllers may write between the read and the dry-run: look again.
    for _ in 0..LOOKS {
        let live = match get(request.cluster, &request.served, identity).await {
            Reading::Present(live) => live,
            Reading::Absent => {
                return Ok(match write.guard {
                    Guard::Absent => LostWrite::NotDone,
                    Guard::At(_) => LostWrite::Other,
                });
            }
            Reading::Unreadable(problem) => {
                return Err(unknown(identity, &problem.message).caused_by(problem));
            }
        };
        if let Guard::At(stamp) = &write.guard {
            if live.stamp == *stamp {
                return Ok(LostWrite::NotDone);
            }
            if live.stamp.uid != stamp.uid {
                return Ok(LostWrite::Other);
            }
        }
        if live.ownership.applied_by(&write.manager).is_none() {
            return Ok(match write.guard {
                Guard::Absent => LostWrite::Other,
                Guard::At(_) => LostWrite::Overtaken,
            });
        }
        match request.send_dry(&Guard::At(live.stamp.clone())).await {
            Ok(again) if is_same(&again.live, &live) => {
                return Ok(LostWrite::Done(Written {
                    live: Arc::unwrap_or_clone(live),
                    warnings: again.warnings,
                }));
            }
            // Nobody else makes an object with our marks; others may have changed it since.
            Ok(again) if write.guard == Guard::Absent && has_marks_of(&live, &write.object) => {
                return Ok(LostWrite::Done(Written {
                    live: Arc::unwrap_or_clone(live),
                    warnings: again.warnings,
                }));
            }
            Ok(_) => return Ok(LostWrite::Overtaken),
            Err(CallError::Refused(refusal)) if refusal.code == 409 => {}
            Err(failure) => {
                let problem = request.explained(failure).await;
                return Err(unknown(identity, &problem.message).caused_by(problem));
            }
        }
    }
    Err(unknown(identity, "it is being changed all the time"))
}

fn is_same(a: &Live, b: &Live) -> bool {
    a.object == b.object && a.ownership == b.ownership
}

/// Whether the object is marked as what was sent is: as made by this project, from this state, at this address.
fn has_marks_of(live: &Live, sent: &Value) -> bool {
    [PROJECT, LINEAGE, ADDRESS].into_iter().all(|mark| {
        let ours = sent.pointer("/metadata/annotations").and_then(|marks| marks.get(mark)?.as_str());
        ours.is_some() && live.annotation(mark) == ours
    })
}

/// That nobody can say whether it was written, since others have changed it.
pub(super) fn overtaken(identity: &Identity) -> Problem {
    let message =
        format!("whether {identity} was written is not known, since others have changed it meanwhile");
    Problem::new(ProblemKind::Overtaken, message).help(LOOK_AGAIN)
}

/// That nobody can say whether it was written.
pub(super) fn unknown(identity: &Identity, why: &str) -> Problem {
    let message = format!("whether {identity} was written is not known: {why}");
    Problem::new(ProblemKind::Unreachable, message).help(LOOK_AGAIN)
}
