//! Whose change a changed field is.
//!
//! Three values tell it: what the field holds now, what it held after the last apply, and what it will hold. The
//! last one is taken from the server's answer, because the server may write a value in another form (`1000m`
//! as `1`), which is no change.

mod keep;
#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::kubernetes::field_manager;
use crate::plan::model::field_change::{After, Cause, FieldChange};
use crate::plan::ownership::field_owners::{FieldOwners, FieldPosition, OwnedPosition, Transition};
use crate::plan::proof::by_record::digest_without_secrets;
use crate::resource::{Applied, Desired, FieldManager, FieldPath, Held, Live, Segment, is_house_group};

/// What is known of an object, beside its changed fields.
#[derive(Debug, Clone, Copy)]
pub(in crate::plan) struct Evidence<'a> {
    /// The project, whose field manager is ours.
    pub(in crate::plan) project: &'a str,
    /// The record of the last apply, of this object or of one that it was made anew from.
    pub(in crate::plan) applied: Option<&'a Applied>,
    /// What the configuration wants.
    pub(in crate::plan) desired: &'a Desired,
    /// The object as it is sent.
    pub(in crate::plan) sent: &'a Value,
    /// The object as it is.
    pub(in crate::plan) live: &'a Live,
    /// The object as it will be.
    pub(in crate::plan) answer: &'a Live,
}

/// Says of each field whose change it is, and of the changes of others how to keep them.
pub(in crate::plan) fn attribute(fields: &mut [FieldChange], evidence: Evidence<'_>) {
    if fields.is_empty() {
        return;
    }
    let attribution = Attribution::new(evidence, fields);
    for field in fields {
        field.cause = attribution.cause(field);
        field.keep = match field.cause {
            Cause::Yours => None,
            Cause::Drift { .. } | Cause::Conflict { .. } => {
                Some(keep::advice(evidence.desired, field, &attribution.owned_field(field)))
            }
        };
    }
}

/// Whose change it is that an object which was applied before is not there.
pub(in crate::plan) fn cause_of_absence(applied: Option<&Applied>, desired: &Desired, sent: &Value) -> Cause {
    if applied.is_none_or(|applied| is_sent_again(applied, desired, sent)) {
        Cause::Drift { by: Vec::new() }
    } else {
        Cause::Conflict { by: Vec::new() }
    }
}

/// The one cause of several changes: drift where all of them are drift, and otherwise the configuration.
pub(in crate::plan) fn common_cause<'c>(causes: impl IntoIterator<Item = &'c Cause>) -> Cause {
    let mut managers = BTreeSet::new();
    for cause in causes {
        match cause {
            Cause::Drift { by } => managers.extend(by.iter().cloned()),
            Cause::Yours | Cause::Conflict { .. } => return Cause::Yours,
        }
    }
    Cause::Drift { by: managers.into_iter().collect() }
}

/// Whether the same is sent as in the last apply, secrets left out.
fn is_sent_again(applied: &Applied, desired: &Desired, sent: &Value) -> bool {
    applied.sent == digest_without_secrets(desired, sent)
}

/// Whether one of the fields may be the other one, or lie below it. Items of lists have several names, so names
/// are compared only up to the first list.
fn may_overlap(a: &FieldPath, b: &FieldPath) -> bool {
    let both = a.segments().iter().zip(b.segments());
    both.take_while(|(a, b)| matches!((a, b), (Segment::Key(_), Segment::Key(_)))).all(|(a, b)| a == b)
}

/// Where a field has changed since the last apply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct ChangedSince {
    in_cluster: bool,
    in_configuration: bool,
}

/// The evidence, prepared for these fields.
struct Attribution<'a> {
    evidence: Evidence<'a>,
    transition: Transition<'a>,
    /// Worked out only where another manager may own a field.
    owners: OnceCell<FieldOwners>,
    /// What the record says of every field that may overlap with a changed one.
    record: Vec<(FieldPosition, &'a Held)>,
    is_sent_again: bool,
}

impl<'a> Attribution<'a> {
    fn new(evidence: Evidence<'a>, fields: &[FieldChange]) -> Self {
        let Evidence { applied, desired, sent, live, answer, .. } = evidence;
        let transition = Transition { before: &live.object, after: &answer.object };
        let held = applied.into_iter().flat_map(|applied| &applied.fields);
        let held = held.filter_map(|(path, held)| Some((path.parse::<FieldPath>().ok()?, held)));
        let near = held.filter(|(path, _)| fields.iter().any(|field| may_overlap(path, &field.path)));
        Self {
            evidence,
            transition,
            owners: OnceCell::new(),
            record: near.map(|(path, held)| (FieldPosition::new(path, transition), held)).collect(),
            is_sent_again: applied.is_some_and(|applied| is_sent_again(applied, desired, sent)),
        }
    }

    fn owners(&self) -> &FieldOwners {
        let Evidence { project, live, .. } = self.evidence;
        self.owners.get_or_init(|| FieldOwners::new(project, live, self.transition))
    }

    fn position(&self, field: &FieldChange) -> FieldPosition {
        FieldPosition::new(field.path.clone(), self.transition)
    }

    fn cause(&self, field: &FieldChange) -> Cause {
        let position = self.position(field);
        let by = || self.owners().managers(&position);
        // What is sent is compared without its secrets.
        let is_sent_again = self.is_sent_again && !field.sensitive;
        match self.changed_since(&position, field) {
            Some(ChangedSince { in_cluster: true, in_configuration }) => {
                if in_configuration && !is_sent_again {
                    Cause::Conflict { by: by() }
                } else {
                    Cause::Drift { by: by() }
                }
            }
            Some(ChangedSince { in_configuration: true, .. }) => Cause::Yours,
            _ if is_sent_again => Cause::Drift { by: by() },
            Some(_) => Cause::Yours,
            None => self.cause_without_record(&position, field, by()),
        }
    }

    /// A field of others that the configuration names for the first time is taken from them.
    fn cause_without_record(
        &self,
        position: &FieldPosition,
        field: &FieldChange,
        by: Vec<FieldManager>,
    ) -> Cause {
        if field.before.is_none() || by.is_empty() || self.owners().is_ours(position) {
            return Cause::Yours;
        }
        Cause::Conflict { by }
    }

    /// Where the field has changed since the last apply; `None` where nothing is recorded of it.
    fn changed_since(&self, position: &FieldPosition, field: &FieldChange) -> Option<ChangedSince> {
        let found = self.record.iter().filter_map(|(recorded, held)| {
            if recorded.contains(position) {
                self.compare(recorded, held, &recorded.named_below(position))
            } else if position.contains(recorded) {
                self.compare(recorded, held, recorded.path())
            } else {
                None
            }
        });
        let mut changed = found.reduce(|a, b| ChangedSince {
            in_cluster: a.in_cluster || b.in_cluster,
            in_configuration: a.in_configuration || b.in_configuration,
        })?;
        // A value that is not known yet may be the same as before.
        changed.in_configuration &= !(changed.in_cluster && matches!(field.after, After::Unknown(_)));
        Some(changed)
    }

    /// Compares a field with the record of it, or of a field that it lies below. Its path names items of lists as the record
    /// does: in the plan, an item goes by another name where its `name` changes.
    fn compare(&self, recorded: &FieldPosition, held: &Held, path: &FieldPath) -> Option<ChangedSince> {
        let (now, then) = (path.get(self.transition.before), path.get(self.transition.after));
        let compared_with =
            |was: Option<&Value>| ChangedSince { in_cluster: now != was, in_configuration: then != was };
        Some(match held {
            Held::Value(value) => compared_with(recorded.below(path).get(value)),
            Held::Nothing => compared_with(None),
            // We own the map or the item, and not what others put into it.
            Held::Parent if recorded.path() != path => return None,
            Held::Parent => ChangedSince { in_cluster: now.is_none(), in_configuration: then.is_none() },
            // The value is not recorded. Whoever changes it takes the field from us.
            Held::Hidden => {
                // Where fields have no owners, nobody can be said to have taken it.
                let has_no_owners = is_house_group(&self.evidence.desired.identity.group);
                let is_ours = has_no_owners || self.owners().is_ours(recorded);
                ChangedSince { in_cluster: !is_ours, in_configuration: is_ours }
            }
        })
    }

    /// The field as we shall own it, under the server's name for it: the whole value, where the field is a part
    /// of a value that is owned as one.
    fn owned_field(&self, field: &FieldChange) -> FieldPath {
        let position = self.position(field);
        let manager = field_manager(self.evidence.project);
        let ours = self.evidence.answer.ownership.applied_by(&manager);
        let recorded = self
            .record
            .iter()
            .map(|(recorded, held)| OwnedPosition::new(recorded.clone(), **held == Held::Parent));
        let mut all = OwnedPosition::all(ours, self.transition).into_iter().chain(recorded);
        let owned = all.find(|owned| owned.position().is(&position) || owned.contains_as_a_whole(&position));
        owned.map_or_else(|| position.path().clone(), |owned| owned.position().path().clone())
    }
}
