//! Whether the state knows a resource, and the record of what need not be written.

use std::sync::Arc;

use crate::plan::input::plan_input::Known;
use crate::plan::model::change::{Action, Change, Tracking};
use crate::plan::model::fidelity::{Fidelity, Proof};
use crate::plan::ownership::belonging::is_marked_ours;
use crate::plan::proof::by_record::record;
use crate::plan::view::situation::Situation;
use crate::resource::{Applied, Batch, Desired, Hook, Live, Reading};

/// Whether the state knows the resource, must take it in, or never does. What was in doubt is taken in anew as soon
/// as the object was seen for certain; a prediction is no such thing.
pub(super) fn tracking(situation: Situation<'_>, fidelity: &Fidelity) -> Tracking {
    if matches!(situation.reading(), Some(Reading::Unreadable(_))) {
        return Tracking::Untracked;
    }
    let (desired, live) = (situation.desired(), situation.live());
    if let Some(hook) = &desired.hook {
        return of_hook(situation, hook);
    }
    let known = situation.known_here();
    let known = known.filter(|known| live.is_none_or(|live| live.stamp.uid == known.uid));
    if let Some(known) = known {
        let is_same = known.dependencies == situation.apply_dependencies()
            && known.timeouts == desired.lifecycle.timeouts
            && known.ready == desired.lifecycle.ready
            && known.applied.as_ref().is_some_and(|applied| applied.rendered_from == desired.rendered_from)
            && is_of_known_batch(known, desired)
            && (!known.doubted || matches!(fidelity, Fidelity::Predicted(_)));
        return if is_same { Tracking::Known } else { Tracking::Outdated };
    }
    match live {
        Some(live) if desired.shared && !is_marked_ours(live, situation.owner()) => Tracking::Untracked,
        _ => Tracking::New,
    }
}

/// Whether the state knows of which run all is that a chart makes at random in it.
fn is_of_known_batch(known: &Known, desired: &Desired) -> bool {
    match &desired.batch {
        None => true,
        Some(Batch::New) => false,
        Some(Batch::Of(run)) => known.random_of.as_ref() == Some(run),
    }
}

/// What the state knows of a hook: with what it ran last. What became of its object since is of no importance.
fn of_hook(situation: Situation<'_>, hook: &Hook) -> Tracking {
    let lifecycle = &situation.desired().lifecycle;
    match situation.known_here() {
        None => Tracking::New,
        Some(known)
            if known.completed.as_ref() == Some(&hook.content)
                && known.dependencies == situation.apply_dependencies()
                && (known.timeouts, &known.ready) == (lifecycle.timeouts, &lifecycle.ready) =>
        {
            Tracking::Known
        }
        Some(_) => Tracking::Outdated,
    }
}

/// Keeps the record of a write that need not be made, for a state that has none or one that is not true any more: a
/// field that others took from us has left the configuration since, say. `drift` would find it missing for ever.
///
/// It records the server's answer, not the object that was read. Where a write would change our ownership, the
/// next plan sees the difference, and the record proves nothing.
pub(super) fn record_unwritten(situation: Situation<'_>, change: &mut Change, answer: &Live) {
    let Some(sent) = change.send.as_ref().filter(|_| change.action == Action::None) else { return };
    // What the record itself proves is recorded.
    let is_proved = change.fidelity == Fidelity::Proved(Proof::Record);
    if is_proved && !change.is_to_be_remembered() {
        return;
    }
    let applied = record(situation.project(), situation.desired(), sent, answer);
    if change.tracking == Tracking::Known && !is_as_recorded(situation, &applied) {
        change.tracking = Tracking::Outdated;
    }
    if change.is_to_be_remembered() {
        change.applied = Some(Arc::new(applied));
    }
}

/// Whether the state has recorded the same of our fields.
fn is_as_recorded(situation: Situation<'_>, applied: &Applied) -> bool {
    let recorded = situation.known_here().and_then(|known| known.applied.as_ref());
    recorded.is_none_or(|recorded| recorded.fields == applied.fields)
}
