//! What follows from the server's answer to a dry-run.

use std::sync::Arc;

use serde_json::Value;

use crate::plan::cures::remedies::{RefusedObject, remedies};
use crate::plan::decision::creation;
use crate::plan::decision::differences;
use crate::plan::decision::replacement;
use crate::plan::decision::ruling::{Postponed, Ruling};
use crate::plan::decision::sent_object::{beside, predicted_object};
use crate::plan::decision::update;
use crate::plan::decision::update::Tried;
use crate::plan::diff::replacing_fields;
use crate::plan::model::fidelity::{Fidelity, PredictionReason};
use crate::plan::ownership::handover;
use crate::plan::ownership::protection::{Remedy, ReplacementBan, is_never_replaced};
use crate::plan::view::situation::Situation;
use crate::provider::Written;
use crate::resource::{FieldPath, Live, Problem, ProblemKind};

/// How often an object that changes between reading and dry-run is read again.
const REPEATS: u8 = 20;

/// What follows; `sent` is what will be sent in an apply.
pub(in crate::plan) fn ruling(
    situation: Situation<'_>,
    sent: Value,
    result: Result<Written, Problem>,
) -> Ruling {
    let live = situation.live().map(AsRef::as_ref);
    match result {
        Ok(Written { live: answer, warnings }) => accepted(situation, live, sent, answer, warnings),
        Err(problem) => refused(situation, sent, &[], problem),
    }
}

fn accepted(
    situation: Situation<'_>,
    live: Option<&Live>,
    sent: Value,
    answer: Live,
    warnings: Vec<String>,
) -> Ruling {
    let fidelity = Fidelity::DryRun;
    if let Some(live) = live {
        return update::ruling(
            situation,
            live,
            Tried { sent, answer: Arc::new(answer), fidelity, warnings, takes: Vec::new() },
        );
    }
    if let Err(problem) = handover::refuse_parts(&situation.manager(), situation.desired(), &answer) {
        return problem.into();
    }
    let mut change = creation::change(situation, fidelity, sent);
    change.warnings = warnings;
    Ruling::decided(change, None)
}

/// What follows from a refusal; `taken` was not in the way any more.
pub(super) fn refused(
    situation: Situation<'_>,
    sent: Value,
    taken: &[FieldPath],
    problem: Problem,
) -> Ruling {
    match problem.kind {
        ProblemKind::DryRunRefused => {
            let reason = PredictionReason::DryRunRefused { message: problem.message };
            Ruling::Predict { sent, reason }
        }
        ProblemKind::Forbidden => {
            let reason = PredictionReason::Forbidden { message: problem.message };
            Ruling::Predict { sent, reason }
        }
        ProblemKind::Conflict if situation.repeats() < REPEATS => Ruling::ReadAgain,
        ProblemKind::Conflict => problem.into(),
        _ => rejected(situation, sent, taken, problem),
    }
}

/// The server says no. Other changes of the plan may cure that.
fn rejected(situation: Situation<'_>, sent: Value, taken: &[FieldPath], problem: Problem) -> Ruling {
    let live = situation.live().map(AsRef::as_ref);
    let identity = &situation.desired().identity;
    let remedies = remedies(RefusedObject { identity, sent: &sent, live, problem: &problem });
    let words = problem.clone();
    match refusal(situation, live, &sent, taken, problem) {
        Ruling::Refused(obstacle) if !remedies.is_empty() => {
            let takes = taken.to_vec();
            Ruling::Postponed(Box::new(Postponed { sent, takes, problem: words, remedies, obstacle }))
        }
        ruling => ruling,
    }
}

/// What follows where nothing cures it.
fn refusal(
    situation: Situation<'_>,
    live: Option<&Live>,
    sent: &Value,
    taken: &[FieldPath],
    problem: Problem,
) -> Ruling {
    let Some(live) = live else { return problem.into() };
    let desired = situation.desired();
    if let Some(named) = replacing_fields::named_by_server(&problem, sent, &live.object) {
        let answer = predicted_object(situation, live, sent, taken);
        let mut fields = differences::without_marks(situation, live, sent, &answer);
        replacing_fields::flag_named(&desired.identity, &live.object, &named, &mut fields);
        return replacement::ruling(situation, live, Fidelity::DryRun, fields, Some(problem));
    }
    if let Some(fields) = beside(situation, live, sent).by_refusal(&problem, taken) {
        return Ruling::Predict { sent: sent.clone(), reason: PredictionReason::TakenFirst { fields } };
    }
    // Another class or a smaller size: the server does not say that it is about a field that cannot change.
    let may_be_immutable = problem.kind == ProblemKind::Rejected && problem.help.is_none();
    if may_be_immutable && is_never_replaced(&desired.identity) {
        return problem.help(ReplacementBan::Always.help(&desired.address, Remedy::RestoreFields)).into();
    }
    problem.into()
}
