//! What follows from what was read of a resource: a ruling, or a dry-run.

use std::sync::Arc;

use crate::plan::decision::change;
use crate::plan::decision::prediction;
use crate::plan::decision::replacement;
use crate::plan::decision::replacement::Trigger;
use crate::plan::decision::ruling::{NextStep, Ruling};
use crate::plan::decision::run;
use crate::plan::decision::sent_object::sent_object;
use crate::plan::decision::written::written;
use crate::plan::input::imports::nothing_to_import;
use crate::plan::model::change::Action;
use crate::plan::model::fidelity::Fidelity;
use crate::plan::model::reason::Reason;
use crate::plan::ownership::belonging::Belonging;
use crate::plan::ownership::handover;
use crate::plan::ownership::protection::{is_lost, lost_data_problem};
use crate::plan::proof::content::content_digest;
use crate::plan::view::situation::Situation;
use crate::resource::{Live, Problem, ProblemKind, Reading};

/// What follows; `None` where nothing was read yet.
pub(in crate::plan) fn next_step(situation: Situation<'_>) -> Option<NextStep> {
    if let Some(problem) = situation.barred() {
        return Some(NextStep::refused(problem.clone()));
    }
    if let Some(hook) = &situation.desired().hook {
        return run::next_step(situation, hook);
    }
    if let Some(problem) = replacement::predecessor_problem(situation) {
        return Some(NextStep::refused(problem));
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
        Reading::Unreadable(problem) => NextStep::refused(problem.clone()),
        Reading::Absent if has_completed(situation, None) => completed(situation, None),
        Reading::Absent if situation.is_imported() => {
            NextStep::refused(nothing_to_import(&situation.desired().identity))
        }
        Reading::Absent => match lost_data(situation) {
            Some(problem) => NextStep::refused(problem),
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

fn present(situation: Situation<'_>, live: &Arc<Live>) -> NextStep {
    match situation.belonging(live) {
        Belonging::Foreign(problem) => NextStep::refused(problem),
        _ if live.is_ending() && has_completed(situation, Some(live)) => completed(situation, Some(live)),
        _ if live.is_ending() => NextStep::refused(Problem::new(ProblemKind::Conflict, "it is being deleted").help(
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
