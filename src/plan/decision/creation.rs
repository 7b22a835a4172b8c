//! What becomes of a resource that is not there.

use serde_json::Value;

use crate::plan::decision::change::change as base;
use crate::plan::decision::replacement;
use crate::plan::decision::replacement::Trigger;
use crate::plan::diff::field_changes;
use crate::plan::model::change::{Action, Change};
use crate::plan::model::fidelity::Fidelity;
use crate::plan::model::field_change::Cause;
use crate::plan::model::reason::Reason;
use crate::plan::ownership::attribution;
use crate::plan::ownership::handover;
use crate::plan::view::situation::Situation;

/// The change that creates it.
pub(super) fn change(situation: Situation<'_>, fidelity: Fidelity, sent: Value) -> Change {
    let desired = situation.desired();
    let mut fields = field_changes::created(desired, &sent);
    fields.extend(replacement::lost_with_predecessor(situation, &sent));
    let past = past(situation, &sent);
    let cause = past.as_ref().and_then(|past| past.cause.clone());
    let action = if desired.hook.is_some() { Action::Run } else { Action::Create };
    let mut change = Change { cause, fields, ..base(situation, action, fidelity, Some(sent)) };
    change.reasons = past.map_or(change.reasons, |past| vec![past.reason]);
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

/// Why an object is made that was made before.
struct Past {
    reason: Reason,
    /// Whose change it is that it is gone; `None` where it went by itself.
    cause: Option<Cause>,
}

fn past(situation: Situation<'_>, sent: &Value) -> Option<Past> {
    let desired = situation.desired();
    let known = situation.known_here().filter(|known| known.hook.is_none() || known.completed.is_some());
    let known = known.filter(|known| known.target.identity == desired.identity && !known.is_in_doubt())?;
    if known.completed.is_none() {
        let cause = attribution::cause_of_absence(known.applied.as_deref(), desired, sent);
        return Some(Past { reason: Reason::AppliedBefore, cause: Some(cause) });
    }
    let reason = match Trigger::of(situation) {
        Some(Trigger::Changed(by)) => Reason::ReplaceTriggered { by: by.clone() },
        Some(Trigger::Requested) => Reason::AppliedBefore,
        None => Reason::RunsAgain,
    };
    Some(Past { reason, cause: None })
}
