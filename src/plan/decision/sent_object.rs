//! The object as it is sent for a resource, with the values of its references as far as they are known.

use serde_json::Value;

use crate::plan::diff::compare::keyed;
use crate::plan::diff::outcome::{Basis, outcome};
use crate::plan::model::fidelity::PredictionReason;
use crate::plan::ownership::handover;
use crate::plan::ownership::takeover::Beside;
use crate::plan::sent::object::object;
use crate::plan::sent::resolve::{Unresolvable, resolve};
use crate::plan::view::situation::Situation;
use crate::resource::{FieldPath, Live, is_house_group};

/// The object as it is sent, and which of its values is not known yet.
pub(super) fn sent_object(
    situation: Situation<'_>,
    live: Option<&Live>,
) -> (Value, Option<PredictionReason>) {
    let mut sent = object(situation.desired(), live, situation.owner());
    let pending = fill_in(situation, &mut sent);
    (sent, pending)
}

/// The object as it is sent to be made anew in place of this one.
pub(super) fn made_anew(situation: Situation<'_>, live: &Live) -> Value {
    let (mut sent, _) = sent_object(situation, None);
    handover::carry_over(&mut sent, situation.desired(), live);
    sent
}

/// What others own, or nobody, beside what is sent.
pub(super) fn beside<'a>(situation: Situation<'a>, live: &'a Live, sent: &'a Value) -> Beside<'a> {
    Beside { manager: situation.manager(), identity: &situation.desired().identity, live, sent }
}

/// The object as it would probably be after a write that first takes away these fields.
pub(super) fn predicted_object(
    situation: Situation<'_>,
    live: &Live,
    sent: &Value,
    takes: &[FieldPath],
) -> Live {
    let mut predicted = written_object(situation, live, sent);
    for path in takes {
        path.remove(&mut predicted.object);
    }
    predicted
}

fn written_object(situation: Situation<'_>, live: &Live, sent: &Value) -> Live {
    let manager = situation.manager();
    let tried = handover::dry_run_object(&manager, situation.desired(), live, sent);
    // A house that keeps no field owners takes the object as a whole.
    if is_house_group(&situation.desired().identity.group) {
        return Live { object: tried, stamp: live.stamp.clone(), ownership: live.ownership.clone() };
    }
    let (applied, schema) = (situation.last_write(live), situation.schema());
    outcome(Basis { manager: &manager, live, sent: &tried, applied, schema })
}

/// Sets the values that are known in the object; the first value that is not known, if there is one.
fn fill_in(situation: Situation<'_>, sent: &mut Value) -> Option<PredictionReason> {
    let desired = situation.desired();
    let mut pending = None;
    for (path, expression) in desired.unresolved.iter() {
        let value = resolve(
            expression,
            |address| situation.is_desired(address),
            |address, path| situation.settled_field(address, path).cloned(),
        );
        match value {
            Ok(value) => {
                keyed(&desired.object, path).set(sent, value);
            }
            Err(Unresolvable::Pending(pending_field)) => {
                let (address, field) = *pending_field;
                pending.get_or_insert(PredictionReason::ValuePending { address, field });
            }
            Err(Unresolvable::Dangling(reference)) => {
                pending.get_or_insert(PredictionReason::DanglingReference { reference });
            }
        }
    }
    pending
}
