//! What others have added since the last apply inside what we own: items of our lists, entries of our maps.

use std::collections::BTreeSet;

use super::recorded_secrets::RecordedSecrets;
use super::{DriftKind, Field};
use crate::kubernetes::controlled::is_injected;
use crate::kubernetes::field_manager;
use crate::kubernetes::field_manager::is_control_plane;
use crate::resource::{self, Applied, FieldManager, FieldPath, FieldSet, Live, Segment};

/// What others have beside our fields.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Beside {
    /// What was added since the last apply and may matter, sorted by path.
    pub(super) added: Vec<Field>,
    /// How many other fields and list items there are.
    pub(super) others: usize,
}

/// What others have beside our fields. Without a record of what they had at the last apply, nothing is known to be
/// added.
pub(super) fn beside(project: &str, applied: &Applied, live: &Live, secrets: &RecordedSecrets<'_>) -> Beside {
    // What others took from us since then is no addition.
    let ours: FieldSet = applied.fields.keys().filter_map(|path| path.parse().ok()).collect();
    let found =
        resource::foreign_items_beside(live, &field_manager(project), &ours, |path| secrets.hides(path));
    let there = found.into_iter().filter(|path| path.get(&live.object).is_some());
    let then: Option<&BTreeSet<String>> = applied.foreign_items.as_ref();
    let (mut added, mut others) = (Vec::new(), 0);
    for path in there {
        let by = live.ownership.owners_of(&path);
        let is_new = then.is_some_and(|then| !then.contains(&path.to_string()));
        // Only an annotation of ours asks: others could add one beside their own authority.
        let is_asked_for = is_injected(&path, |annotation| ours.touches(annotation));
        if is_new && !is_asked_for && matters(&path, &by) {
            let sensitive = secrets.hides(&path);
            let after = path.get(&live.object).filter(|_| !sensitive).cloned();
            added.push(Field { event: DriftKind::AddedByOthers, path, sensitive, before: None, after, by });
        } else {
            others += 1;
        }
    }
    Beside { added, others }
}

/// Whether an addition may change what the object does. Its own metadata, annotations of what it makes (a rollout is
/// started anew by one), how often it runs where that is left to others, and what the control plane fills in are usual.
fn matters(path: &FieldPath, by: &[FieldManager]) -> bool {
    let is = |segment: &Segment, name: &str| matches!(segment, Segment::Key(key) if key == name);
    let segments = path.segments();
    let is_metadata = segments.first().is_some_and(|first| is(first, "metadata"));
    let is_annotation = segments.windows(2).any(|two| is(&two[0], "metadata") && is(&two[1], "annotations"));
    let is_filled_in = !by.is_empty() && by.iter().all(|manager| is_control_plane(&manager.name));
    let is_scaled =
        !by.is_empty() && by.iter().all(|manager| manager.subresource.as_deref() == Some("scale"));
    !is_metadata && !is_annotation && !is_filled_in && !is_scaled
}
