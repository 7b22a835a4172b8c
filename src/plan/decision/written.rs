//! What follows for a resource that is to be written: a proof that nothing would change, a prediction, or a dry-run.

use std::sync::Arc;

use serde_json::Value;

use crate::plan::decision::prediction;
use crate::plan::decision::ruling::{NextStep, Ruling};
use crate::plan::decision::sent_object::{beside, sent_object};
use crate::plan::decision::update;
use crate::plan::model::fidelity::{PredictionReason, Proof};
use crate::plan::ownership::handover;
use crate::plan::proof::{by_owner, by_record};
use crate::plan::view::situation::Situation;
use crate::provider::{Guard, Write};
use crate::resource::{FieldPath, Live};

/// A resource that is to be written, unless nothing would change; `live` is `None` where it is to be made.
pub(super) fn written(situation: Situation<'_>, live: Option<&Arc<Live>>) -> NextStep {
    let desired = situation.desired();
    let manager = situation.manager();
    let there = live.map(AsRef::as_ref);
    let release = match handover::field_release(&manager, desired, there) {
        Ok(release) => release,
        Err(problem) => return NextStep::refused(problem),
    };
    let (sent, pending) = sent_object(situation, there);
    if let Some(reason) = prediction::why_not_asked(situation, pending) {
        if let Some(next) = unless_served(situation) {
            return next;
        }
        return NextStep::Ruling(Ruling::Predict { sent, reason });
    }
    let provable = live.filter(|_| release.is_empty());
    if let Some((live, proof)) = provable.and_then(|live| Some((live, proof(situation, live, &sent)?))) {
        return NextStep::Ruling(update::proved(situation, live, proof, sent));
    }
    if let Some(fields) = there.and_then(|live| displaced(situation, live, &sent)) {
        let reason = PredictionReason::TakenFirst { fields };
        return NextStep::Ruling(Ruling::Predict { sent, reason });
    }
    let write = Write {
        target: desired.target(),
        object: there
            .map_or_else(|| sent.clone(), |live| handover::dry_run_object(&manager, desired, live, &sent)),
        guard: there.map_or(Guard::Absent, |live| Guard::At(live.stamp.clone())),
        manager,
    };
    NextStep::Preview { write: Box::new(write), sent }
}

/// What follows where the kind is not served, or where nobody knows that: a namespace that is not there yet does not
/// make a kind that will never be there.
fn unless_served(situation: Situation<'_>) -> Option<NextStep> {
    if situation.waits_for_its_kind() {
        return None;
    }
    match situation.served() {
        None => Some(NextStep::AskWhetherServed),
        Some(Err(problem)) => Some(NextStep::refused(problem.clone())),
        Some(Ok(())) => None,
    }
}

/// What others have put into the place of our list items, under other keys.
fn displaced(situation: Situation<'_>, live: &Live, sent: &Value) -> Option<Vec<FieldPath>> {
    beside(situation, live, sent).displaced(situation.last_write(live)?)
}

/// What proves that sending this would change nothing, if anything does.
fn proof(situation: Situation<'_>, live: &Live, sent: &Value) -> Option<Proof> {
    if by_owner::may_hide_a_map(live) {
        return None;
    }
    let (project, desired) = (situation.project(), situation.desired());
    let known = situation.known().filter(|known| known.uid == live.stamp.uid);
    let applied = known.and_then(|known| known.applied.as_deref());
    if applied.is_some_and(|applied| by_record::proves_unchanged(applied, project, desired, sent, live)) {
        return Some(Proof::Record);
    }
    by_owner::proves_unchanged(project, sent, live).then_some(Proof::Ownership)
}
