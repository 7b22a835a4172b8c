//! What changes in an object that is there, and whose change each field is.

use serde_json::Value;

use crate::kubernetes::marks::is_ours_path;
use crate::plan::diff::field_changes;
use crate::plan::model::field_change::FieldChange;
use crate::plan::ownership::attribution;
use crate::plan::ownership::attribution::Evidence;
use crate::plan::view::situation::Situation;
use crate::resource::Live;

/// Every field that changes; our marks are the second list.
pub(super) fn with_marks(
    situation: Situation<'_>,
    live: &Live,
    sent: &Value,
    answer: &Live,
) -> (Vec<FieldChange>, Vec<FieldChange>) {
    let desired = situation.desired();
    let mut all = field_changes::changed(desired, &live.object, &answer.object);
    let evidence =
        Evidence { project: situation.project(), applied: situation.applied(), desired, sent, live, answer };
    attribution::attribute(&mut all, evidence);
    if situation.is_of_a_revision() {
        // No key of the configuration keeps a change then.
        for field in &mut all {
            field.keep = None;
        }
    }
    all.into_iter().partition(|field| !is_ours_path(&field.path))
}

/// Every field that changes, without our marks.
pub(super) fn without_marks(
    situation: Situation<'_>,
    live: &Live,
    sent: &Value,
    answer: &Live,
) -> Vec<FieldChange> {
    with_marks(situation, live, sent, answer).0
}
