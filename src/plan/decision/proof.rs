//! Whether a write is known to change nothing, without asking the server.

use serde_json::Value;

use crate::plan::model::fidelity::Proof;
use crate::plan::proof::{ownership, record};
use crate::plan::view::situation::Situation;
use crate::resource::Live;

/// What proves that sending this would change nothing, if anything does.
pub(super) fn find(situation: Situation<'_>, live: &Live, sent: &Value) -> Option<Proof> {
    if ownership::may_hide_a_map(live) {
        return None;
    }
    let (project, desired) = (situation.project(), situation.desired());
    let known = situation.known().filter(|known| known.uid == live.stamp.uid);
    let applied = known.and_then(|known| known.applied.as_deref());
    if applied.is_some_and(|applied| record::proves_unchanged(applied, project, desired, sent, live)) {
        return Some(Proof::Record);
    }
    ownership::proves_unchanged(project, sent, live).then_some(Proof::Ownership)
}
