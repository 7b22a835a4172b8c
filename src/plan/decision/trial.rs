//! The try of a write that must first take over what is in its way.
//!
//! No dry-run takes over and writes in one. So the object is tried as a whole, as the write would leave it. What the
//! server says against that is told by the plan, and not only by the apply.

use std::sync::Arc;

use serde_json::Value;

use crate::plan::decision::answer;
use crate::plan::decision::prediction;
use crate::plan::decision::ruling::Ruling;
use crate::plan::decision::sent_object::predicted_object;
use crate::plan::decision::update;
use crate::plan::decision::update::Tried;
use crate::plan::model::fidelity::{Fidelity, PredictionReason};
use crate::plan::view::situation::Situation;
use crate::provider::{Whole, Written};
use crate::resource::{FieldPath, Live, Problem, ProblemKind};

/// The object as it would be without these fields; `None` where there is no object.
pub(in crate::plan) fn whole(situation: Situation<'_>, sent: &Value, takes: &[FieldPath]) -> Option<Whole> {
    let live = situation.live()?;
    Some(Whole {
        target: situation.desired().target(),
        live: Arc::clone(live),
        object: predicted_object(situation, live, sent, takes).object,
        manager: situation.manager(),
    })
}

/// What follows from the server's answer; `takes` becomes ours first.
pub(in crate::plan) fn ruling(
    situation: Situation<'_>,
    sent: Value,
    takes: Vec<FieldPath>,
    result: Result<Written, Problem>,
) -> Ruling {
    let reason = PredictionReason::TakenFirst { fields: takes.clone() };
    match (result, situation.live()) {
        (Ok(Written { live: answer, warnings }), Some(live)) => {
            // The answer is that to an update, which has other owners than the write that comes.
            let ownership = predicted_object(situation, live, &sent, &takes).ownership;
            let answer = Arc::new(Live { ownership, ..answer });
            let fidelity = Fidelity::Predicted(reason);
            update::ruling(situation, live, Tried { sent, answer, fidelity, warnings, takes })
        }
        (Err(problem), Some(_)) if !cannot_be_tried(&problem) => {
            answer::refused(situation, sent, &takes, problem)
        }
        (_, _) => prediction::ruling(situation, sent, reason),
    }
}

fn cannot_be_tried(problem: &Problem) -> bool {
    matches!(problem.kind, ProblemKind::DryRunRefused | ProblemKind::Forbidden)
}
