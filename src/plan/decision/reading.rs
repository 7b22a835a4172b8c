//! What follows from what was read of a resource: a ruling, or a dry-run.

use std::sync::Arc;

use serde_json::Value;

use crate::plan::decision::change;
use crate::plan::decision::prediction;
use crate::plan::decision::replacement;
use crate::plan::decision::replacement::Trigger;
use crate::plan::decision::ruling::{NextStep, Ruling};
use crate::plan::decision::run;
use crate::plan::decision::sent_object::{beside, sent_object};
use crate::plan::decision::update;
use crate::plan::input::imports::nothing_to_import;
use crate::plan::model::change::Action;
use crate::plan::model::fidelity::{Fidelity, PredictionReason, Proof};
use crate::plan::model::reason::Reason;
use crate::plan::ownership::belonging::Belonging;
use crate::plan::ownership::handover;
use crate::plan::ownership::protection::{is_lost, lost_data_problem};
use crate::plan::proof::content::content_digest;
use crate::plan::proof::{by_owner, by_record};
use crate::plan::view::situation::Situation;
use crate::provider::{Guard, Write};
use crate::resource::{FieldPath, Live, Problem, ProblemKind, Reading};

/// What follows; `None` where nothing was read yet.
pub(in crate::plan) fn next_step(situation: Situation<'_>) -> Option<NextStep> {
    if let Some(problem) = situation.barred() {
        return Some(refused(problem.clone()));
    }
    if let Some(hook) = &situation.desired().hook {
        return run::next_step(situation, hook);
    }
    if let Some(problem) = replacement::predecessor_problem(situation) {
        return Some(refused(problem));
    }
    Some(match situation.reading()? {
        // Whoever may work only inside a namespace need not be able to look at it: what is read and
        // tried inside says whether it is there.
        Reading::Unreadable(problem)
            if situation.desired().shared && problem.kind == ProblemKind::Forbidden =>
        {
            used(situation, None)
        }
        // Without the key of a house nobody may even look. The key is what could not be checked, so no apply follows.
        Reading::Unreadable(problem)
            if problem.kind == ProblemKind::DryRunRefused && !situation.desired().unchecked.is_empty() =>
        {
            NextStep::Ruling(prediction::without_reading(situation, problem))
        }
        Reading::Unreadable(problem) => refused(problem.clone()),
        Reading::Absent if has_completed(situation, None) => completed(situation, None),
        Reading::Absent if situation.is_imported() => {
            refused(nothing_to_import(&situation.desired().identity))
        }
        Reading::Absent => match lost_data(situation) {
            Some(problem) => refused(problem),
            None => written(situation, None),
        },
        Reading::Present(live) => present(situation, live),
    })
}

/// What stands against making the object again, which is gone with the data that it held.
fn lost_data(situation: Situation<'_>) -> Option<Problem> {
    let is_namespace_gone =
        situation.namespace().is_some_and(|namespace| namespace.action() == Some(Action::Create));
    let desired = situation.desired();
    let is_lost =
        situation.was_applied_then() || situation.known().is_some_and(|known| is_lost(known, desired));
    if is_lost { lost_data_problem(desired, is_namespace_gone, situation.consent()) } else { None }
}

pub(super) fn refused(problem: Problem) -> NextStep {
    NextStep::Ruling(problem.into())
}

fn present(situation: Situation<'_>, live: &Arc<Live>) -> NextStep {
    match situation.belonging(live) {
        Belonging::Foreign(problem) => refused(problem),
        _ if live.is_ending() && has_completed(situation, Some(live)) => completed(situation, Some(live)),
        _ if live.is_ending() => refused(Problem::new(ProblemKind::Conflict, "it is being deleted").help(
            "wait until it is gone, then plan again; `kubectl describe` shows the finalizers that it waits for",
        )),
        // A namespace of others serves its purpose. One that we made is planned like any other object: its marks
        // come back, and what was lost of its record is recorded again.
        Belonging::Shared => used(situation, Some(live)),
        _ => written(situation, Some(live)),
    }
}

/// A namespace of others, or one that may not be looked at: it is used as it is.
fn used(situation: Situation<'_>, live: Option<&Arc<Live>>) -> NextStep {
    let change = change::change(situation, Action::None, Fidelity::Observed, None);
    NextStep::Ruling(Ruling::decided(change, live.cloned()))
}

/// Whether it has ended by itself, and would run with the same again. `live` is there where it is just taken away.
fn has_completed(situation: Situation<'_>, live: Option<&Live>) -> bool {
    let known = situation.known().filter(|known| !known.doubted);
    let known = known.filter(|known| live.is_none_or(|live| live.stamp.uid == known.uid));
    let Some(ran_with) = known.and_then(|known| known.completed.as_ref()) else { return false };
    let (sent, pending) = sent_object(situation, None);
    let desired = situation.desired();
    let Ok(release) = handover::field_release(&situation.manager(), desired, None) else { return false };
    let would_run_with = content_digest(desired, &handover::sent_after_release(sent, &release));
    pending.is_none() && would_run_with == *ran_with && Trigger::of(situation).is_none()
}

/// What has ended by itself stays as it is, though it may be gone.
fn completed(situation: Situation<'_>, live: Option<&Arc<Live>>) -> NextStep {
    let mut change = change::change(situation, Action::None, Fidelity::Observed, None);
    change.reasons.push(Reason::Completed);
    NextStep::Ruling(Ruling::decided(change, live.cloned()))
}

/// A resource that is to be written, unless nothing would change; `live` is `None` where it is to be made.
pub(super) fn written(situation: Situation<'_>, live: Option<&Arc<Live>>) -> NextStep {
    let desired = situation.desired();
    let manager = situation.manager();
    let there = live.map(AsRef::as_ref);
    let release = match handover::field_release(&manager, desired, there) {
        Ok(release) => release,
        Err(problem) => return refused(problem),
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
        Some(Err(problem)) => Some(refused(problem.clone())),
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
