//! What becomes of a resource that is not there.

use serde_json::Value;

use crate::plan::decision::change::change as base;
use crate::plan::decision::replacement;
use crate::plan::diff::field_changes;
use crate::plan::model::change::{Action, Change};
use crate::plan::model::fidelity::Fidelity;
use crate::plan::model::reason::Reason;
use crate::plan::ownership::attribution;
use crate::plan::ownership::handover;
use crate::plan::view::situation::Situation;

/// The change that creates it.
pub(super) fn change(situation: Situation<'_>, fidelity: Fidelity, sent: Value) -> Change {
    let desired = situation.desired();
    let mut fields = field_changes::created(desired, &sent);
    fields.extend(replacement::lost_with_predecessor(situation, &sent));
    let known = situation.known_here();
    let was_applied = known.filter(|known| known.target.identity == desired.identity && !known.is_in_doubt());
    let cause =
        was_applied.map(|known| attribution::cause_of_absence(known.applied.as_deref(), desired, &sent));
    let mut change = Change { cause, fields, ..base(situation, Action::Create, fidelity, Some(sent)) };
    if was_applied.is_some() {
        change.reasons = vec![Reason::AppliedBefore];
    }
    if change.reasons.is_empty()
        && let Ok(release) = handover::field_release(&situation.manager(), desired, None)
    {
        change.reasons = handover::reasons(&release, desired, None);
    }
    if situation.is_replacement_requested() {
        change.reasons.insert(0, Reason::NothingToReplace);
    }
    change
}
