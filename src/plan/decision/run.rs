//! What becomes of what a chart has run at a moment: its hooks. None of them is drift: it runs, or has run.

use std::sync::Arc;

use crate::kubernetes::completion::ends_by_itself;
use crate::kubernetes::marks::RUN;
use crate::kubernetes::readiness::{Readiness, StorageClass, judge};
use crate::plan::decision::change;
use crate::plan::decision::ruling::{NextStep, Ruling};
use crate::plan::decision::sent_object::sent_object;
use crate::plan::decision::written::written;
use crate::plan::diff::field_changes;
use crate::plan::input::plan_input::Known;
use crate::plan::model::change::{Action, Change};
use crate::plan::model::fidelity::Fidelity;
use crate::plan::model::reason::Reason;
use crate::plan::ownership::belonging::Belonging;
use crate::plan::view::situation::Situation;
use crate::resource::{HelmRelease, Hook, Live, Moment, Problem, ProblemKind, Reading, ReadyRule};

/// What follows for a hook; `None` where nothing was read yet.
pub(super) fn next_step(situation: Situation<'_>, hook: &Hook) -> Option<NextStep> {
    let reading = situation.reading()?;
    if has_run(situation, hook, reading) {
        return Some(settled(situation, Reason::Completed));
    }
    if hook.side().is_none() && !situation.is_replacement_requested() {
        let is_taken_over = is_run_taken_over(situation, hook);
        return Some(settled(
            situation,
            if is_taken_over { Reason::RunTakenOver } else { Reason::NotItsMoment },
        ));
    }
    Some(match reading {
        Reading::Unreadable(problem) => NextStep::refused(problem.clone()),
        Reading::Absent => written(situation, None),
        Reading::Present(live) => match situation.belonging(live) {
            Belonging::Foreign(problem) if !situation.is_left_by_a_test(live) => NextStep::refused(problem),
            _ if is_under_way(hook, situation, live) => awaited(situation),
            _ if live.is_ending() => NextStep::refused(Problem::new(ProblemKind::Conflict, "it is being deleted").help(
                "wait until it is gone, then plan again; `kubectl describe` shows the finalizers that it waits for",
            )),
            _ => again(situation, hook, live),
        },
    })
}

/// Whether it ran with all that its chart renders now. What others need that run beside it must be there as well.
fn has_run(situation: Situation<'_>, hook: &Hook, reading: &Reading) -> bool {
    let known = situation.known().filter(|known| !known.doubted);
    let ran_with = known.and_then(|known| known.completed.as_ref());
    // All that does not end by itself is made for what does.
    let is_needed = || {
        matches!(reading, Reading::Absent)
            && !ends_by_itself(&situation.desired().identity)
            && hook.side().is_some()
            && situation
                .runs_beside()
                .any(|(other, known)| !known.is_some_and(|known| other.does_the_same_with(known)))
    };
    ran_with.is_some_and(|ran_with| hook.does_the_same_with(ran_with))
        && !situation.is_replacement_requested()
        && !is_needed()
}

/// Whether Helm has run it for the release that its chart takes over now, and its object is still there.
fn is_run_taken_over(situation: Situation<'_>, hook: &Hook) -> bool {
    let there = situation.live().filter(|live| !live.is_ending() && HelmRelease::may_have_run(live));
    hook.moment == Moment::Takeover
        && there.is_some_and(|live| situation.belonging(live) == Belonging::ToAdopt)
}

/// Whether this very run was begun, and has not failed: a run that was killed meanwhile goes on by itself.
fn is_under_way(hook: &Hook, situation: Situation<'_>, live: &Live) -> bool {
    if situation.known().is_some_and(|known| is_left(known, hook, live)) {
        return false;
    }
    live.annotation(RUN).is_some_and(|runs_with| hook.does_the_same_with(runs_with))
        && !has_failed(situation, live)
        && !situation.is_replacement_requested()
}

/// Whether what is there has ended without doing its work.
fn has_failed(situation: Situation<'_>, live: &Live) -> bool {
    let rule = Some(&ReadyRule::Ended);
    let readiness = judge(&situation.desired().identity, &live.object, rule, StorageClass::default());
    matches!(readiness, Readiness::Failed(_))
}

/// Whether the object is what an earlier run has left, by what the state knows. It may have run with the same content: where
/// the chart has gone back to an earlier revision since, the hook counts as done with what that one renders.
fn is_left(known: &Known, hook: &Hook, live: &Live) -> bool {
    let uid = live.stamp.uid.as_str();
    if known.is_in_doubt() {
        return known.leftover.as_deref() == Some(uid);
    }
    known.uid == uid && known.completed.as_ref().is_some_and(|ran_with| !hook.does_the_same_with(ran_with))
}

/// It stays as it is, whatever is there.
fn settled(situation: Situation<'_>, reason: Reason) -> NextStep {
    let mut change = change::change(situation, Action::None, Fidelity::Observed, None);
    change.reasons = vec![reason];
    change.awaited = false;
    NextStep::Ruling(Ruling::decided(change, situation.live().cloned()))
}

/// It was begun, and its end is waited for.
fn awaited(situation: Situation<'_>) -> NextStep {
    let change = change::change(situation, Action::None, Fidelity::Observed, None);
    let change = Change { awaited: true, ..change };
    NextStep::Ruling(Ruling::decided(change, situation.live().cloned()))
}

/// What is left of an earlier run makes room for a new one.
fn again(situation: Situation<'_>, hook: &Hook, live: &Arc<Live>) -> NextStep {
    let (sent, _) = sent_object(situation, None);
    let fields = field_changes::created(situation.desired(), &sent);
    let change = change::change(situation, Action::Run, Fidelity::Observed, Some(sent));
    let reasons = why_again(situation, hook, live).into_iter().collect();
    let change = Change { fields, reasons, prior: Some(Arc::clone(live)), ..change };
    NextStep::Ruling(Ruling::decided(change, None))
}

/// Why it runs though an object of it is there; `None` where the object says nothing of that.
fn why_again(situation: Situation<'_>, hook: &Hook, live: &Live) -> Option<Reason> {
    let ran_with = live.annotation(RUN);
    if situation.is_left_by_a_test(live) {
        Some(Reason::RanAsTest)
    } else if situation.is_replacement_requested() {
        Some(Reason::ReplaceRequested)
    } else if has_failed(situation, live) {
        Some(Reason::RunsAfterFailure)
    } else {
        ran_with.is_some_and(|ran_with| !hook.does_the_same_with(ran_with)).then_some(Reason::RunsAgain)
    }
}
