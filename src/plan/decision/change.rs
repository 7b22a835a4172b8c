//! What every change says, whatever it does to its object.

use std::sync::Arc;

use serde_json::Value;

use crate::plan::decision::tracking::tracking;
use crate::plan::model::change::{Action, Change};
use crate::plan::model::fidelity::Fidelity;
use crate::plan::model::reason::Reason;
use crate::plan::ownership::protection::is_protected;
use crate::plan::view::health::awaited_since;
use crate::plan::view::situation::Situation;

/// A change of the resource, without its fields.
pub(super) fn change(
    situation: Situation<'_>,
    action: Action,
    fidelity: Fidelity,
    send: Option<Value>,
) -> Change {
    let desired = situation.desired();
    let live = situation.live();
    let predecessor = situation.predecessor();
    // Where the old object is deleted, the write is a replacement, whatever it does to the new one.
    let action = match (&predecessor, action) {
        (Some(_), Action::Create) => Action::Replace,
        (Some(_), Action::None) => Action::Update,
        _ => action,
    };
    let deleted = predecessor
        .map(|(known, _)| Reason::PredecessorDeleted { predecessor: known.target.identity.clone() });
    let unchecked = desired.unchecked.iter().map(|(path, why)| (path.clone(), why.reason.clone()));
    Change {
        reasons: deleted.into_iter().collect(),
        prior: live.cloned(),
        send,
        dependencies: situation.apply_dependencies().to_vec(),
        awaits: situation.hooks_before(),
        moved_from: situation.moved_from().cloned(),
        replaced: predecessor.map(|(known, live)| Box::new((known.target.clone(), live.clone()))),
        tracking: tracking(situation, &fidelity),
        protected: is_protected(&desired.identity, Some(desired), situation.known(), live.map(AsRef::as_ref)),
        timeouts: desired.lifecycle.timeouts,
        awaited: action == Action::None && awaited_since(situation).is_some(),
        unchecked: unchecked.collect(),
        desired: Some(Arc::clone(desired)),
        ..Change::new(desired.address.clone(), desired.target(), action, fidelity)
    }
}
