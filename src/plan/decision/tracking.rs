//! Whether the state knows a resource, and the record of what need not be written.

use std::sync::Arc;

use crate::plan::model::change::{Action, Change, Tracking};
use crate::plan::model::fidelity::Fidelity;
use crate::plan::ownership::belonging::is_marked_ours;
use crate::plan::proof::by_record::record;
use crate::plan::view::situation::Situation;
use crate::resource::{Live, Reading};

/// Whether the state knows the resource, must take it in, or never does. What was in doubt is taken in anew as soon
/// as the object was seen for certain; a prediction is no such thing.
pub(super) fn tracking(situation: Situation<'_>, fidelity: &Fidelity) -> Tracking {
    if matches!(situation.reading(), Some(Reading::Unreadable(_))) {
        return Tracking::Untracked;
    }
    let (desired, live) = (situation.desired(), situation.live());
    let known = situation.known_here();
    let known = known.filter(|known| live.is_none_or(|live| live.stamp.uid == known.uid));
    if let Some(known) = known {
        let is_same = known.dependencies == situation.apply_dependencies()
            && known.timeouts == desired.lifecycle.timeouts
            && known.ready == desired.lifecycle.ready
            && known.applied.is_some()
            && (!known.doubted || matches!(fidelity, Fidelity::Predicted(_)));
        return if is_same { Tracking::Known } else { Tracking::Outdated };
    }
    match live {
        Some(live) if desired.shared && !is_marked_ours(live, situation.owner()) => Tracking::Untracked,
        _ => Tracking::New,
    }
}

/// Keeps the record of a write that need not be made, for a state that has none.
///
/// It records the server's answer, not the object that was read. Where a write would change our ownership, the
/// next plan sees the difference, and the record proves nothing.
pub(super) fn record_unwritten(situation: Situation<'_>, change: &mut Change, answer: &Live) {
    // Most are recorded already.
    if change.action == Action::None
        && change.is_to_be_remembered()
        && let Some(sent) = &change.send
    {
        let applied = record(situation.project(), situation.desired(), sent, answer);
        change.applied = Some(Arc::new(applied));
    }
}
