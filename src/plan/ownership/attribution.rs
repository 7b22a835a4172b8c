//! Whose change a changed line is.
//!
//! Three values tell it: what the field holds, what it held after the last apply, and what it will hold. The
//! last one is the server's, so that a value which it writes in another form (`1000m` as `1`) equals itself.

mod keep;
#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::kubernetes::field_manager;
use crate::plan::model::change::{After, Cause, FieldChange};
use crate::plan::ownership::field_owners::{FieldPosition, Owned, Owners, Transition};
use crate::plan::proof::record::digest_without_secrets;
use crate::resource::FieldManager;
use crate::resource::{Applied, Desired, FieldPath, Held, Live, Segment, is_own_group};

/// What is known of an object beside its changed lines.
#[derive(Debug, Clone, Copy)]
pub(in crate::plan) struct Evidence<'a> {
    pub(in crate::plan) project: &'a str,
    /// The record of the last apply, of this object or of one that it was made anew from.
    pub(in crate::plan) applied: Option<&'a Applied>,
    pub(in crate::plan) desired: &'a Desired,
    pub(in crate::plan) sent: &'a Value,
    pub(in crate::plan) live: &'a Live,
    /// The object as it will be.
    pub(in crate::plan) answer: &'a Live,
}

/// Says of each line whose change it is, and of those of others how to keep what they did.
pub(in crate::plan) fn attribute(fields: &mut [FieldChange], evidence: Evidence<'_>) {
    if fields.is_empty() {
        return;
    }
    let witness = Witness::new(evidence, fields);
    for field in fields {
        field.cause = witness.cause(field);
        field.keep = match field.cause {
            Cause::Yours => None,
            Cause::Drift { .. } | Cause::Conflict { .. } => {
                Some(keep::advice(evidence.desired, field, &witness.unit(field)))
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

/// Several causes as one: drift where all of them are.
pub(in crate::plan) fn in_common<'c>(causes: impl IntoIterator<Item = &'c Cause>) -> Cause {
    let mut managers = BTreeSet::new();
    for cause in causes {
        match cause {
            Cause::Drift { by } => managers.extend(by.iter().cloned()),
            Cause::Yours | Cause::Conflict { .. } => return Cause::Yours,
        }
    }
    Cause::Drift { by: managers.into_iter().collect() }
}

fn is_sent_again(applied: &Applied, desired: &Desired, sent: &Value) -> bool {
    applied.sent == digest_without_secrets(desired, sent)
}

/// Whether one of the fields may be the other, or lie in it: items of lists have several names, so beyond the
/// first list this cannot be told from the names.
fn may_meet(a: &FieldPath, b: &FieldPath) -> bool {
    let both = a.segments().iter().zip(b.segments());
    both.take_while(|(a, b)| matches!((a, b), (Segment::Key(_), Segment::Key(_)))).all(|(a, b)| a == b)
}

/// What has changed since the last apply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Since {
    in_cluster: bool,
    in_configuration: bool,
}

/// The evidence, laid out.
struct Witness<'a> {
    evidence: Evidence<'a>,
    turn: Transition<'a>,
    /// Asked for where somebody else had a hand in it.
    owners: OnceCell<Owners>,
    /// What the record says of anything near the changed lines.
    record: Vec<(FieldPosition, &'a Held)>,
    is_sent_again: bool,
}

impl<'a> Witness<'a> {
    fn new(evidence: Evidence<'a>, fields: &[FieldChange]) -> Self {
        let Evidence { applied, desired, sent, live, answer, .. } = evidence;
        let turn = Transition { before: &live.object, after: &answer.object };
        let held = applied.into_iter().flat_map(|applied| &applied.fields);
        let held = held.filter_map(|(path, held)| Some((path.parse::<FieldPath>().ok()?, held)));
        let near = held.filter(|(path, _)| fields.iter().any(|field| may_meet(path, &field.path)));
        Self {
            evidence,
            turn,
            owners: OnceCell::new(),
            record: near.map(|(path, held)| (FieldPosition::new(path, turn), held)).collect(),
            is_sent_again: applied.is_some_and(|applied| is_sent_again(applied, desired, sent)),
        }
    }

    fn owners(&self) -> &Owners {
        let Evidence { project, live, .. } = self.evidence;
        self.owners.get_or_init(|| Owners::new(project, live, self.turn))
    }

    /// What we shall own.
    fn units(&self) -> Vec<Owned> {
        let manager = field_manager(self.evidence.project);
        Owned::all(self.evidence.answer.ownership.applied_by(&manager), self.turn)
    }

    fn cause(&self, field: &FieldChange) -> Cause {
        let place = FieldPosition::new(field.path.clone(), self.turn);
        let by = || self.owners().managers(&place);
        // What is sent is compared without its secrets.
        let is_sent_again = self.is_sent_again && !field.sensitive;
        match self.since_the_record(&place, field) {
            Some(Since { in_cluster: true, in_configuration }) => {
                if in_configuration && !is_sent_again {
                    Cause::Conflict { by: by() }
                } else {
                    Cause::Drift { by: by() }
                }
            }
            Some(Since { in_configuration: true, .. }) => Cause::Yours,
            _ if is_sent_again => Cause::Drift { by: by() },
            Some(_) => Cause::Yours,
            None => self.without_a_record(&place, field, by()),
        }
    }

    /// A field of others that the configuration names for the first time is taken from them.
    fn without_a_record(&self, place: &FieldPosition, field: &FieldChange, by: Vec<FieldManager>) -> Cause {
        if field.before.is_none() || by.is_empty() || self.owners().is_ours(place) {
            return Cause::Yours;
        }
        Cause::Conflict { by }
    }

    /// What has changed in the field since the last apply; `None` where nothing is recorded of it.
    fn since_the_record(&self, place: &FieldPosition, field: &FieldChange) -> Option<Since> {
        let found = self.record.iter().filter_map(|(recorded, held)| {
            if recorded.contains(place) {
                self.since(recorded, held, place)
            } else if place.contains(recorded) {
                self.since(recorded, held, recorded)
            } else {
                None
            }
        });
        let mut since = found.reduce(|a, b| Since {
            in_cluster: a.in_cluster || b.in_cluster,
            in_configuration: a.in_configuration || b.in_configuration,
        })?;
        // A value that is not known yet may well be the one that was.
        since.in_configuration &= !(since.in_cluster && matches!(field.after, After::Unknown(_)));
        Some(since)
    }

    /// What has changed at a place that is the recorded field, or lies below it.
    fn since(&self, recorded: &FieldPosition, held: &Held, at: &FieldPosition) -> Option<Since> {
        let path = &at.path;
        let (now, then) = (path.get(self.turn.before), path.get(self.turn.after));
        let since = |was: Option<&Value>| Since { in_cluster: now != was, in_configuration: then != was };
        let is_below = !recorded.is(at);
        Some(match held {
            Held::Value(value) => {
                let below = path.segments().get(recorded.path.segments().len()..).unwrap_or_default();
                since(below.iter().cloned().fold(FieldPath::root(), |path, step| path.join(step)).get(value))
            }
            Held::Nothing => since(None),
            // The frame says nothing of what others put into it.
            Held::Parent if is_below => return None,
            Held::Parent => Since { in_cluster: now.is_none(), in_configuration: then.is_none() },
            // Whoever changes a value takes the field from us; and something has changed it.
            Held::Hidden => {
                // Where fields have no owners, nobody can be said to have taken it.
                let has_no_owners = is_own_group(&self.evidence.desired.identity.group);
                let is_ours = has_no_owners || self.owners().is_ours(recorded);
                Since { in_cluster: !is_ours, in_configuration: is_ours }
            }
        })
    }

    /// The field as it is owned, in the server's own words: all of the value that it is part of, where that
    /// is owned whole.
    fn unit(&self, field: &FieldChange) -> FieldPath {
        let place = FieldPosition::new(field.path.clone(), self.turn);
        let recorded = self
            .record
            .iter()
            .map(|(recorded, held)| Owned { place: recorded.clone(), is_parent: **held == Held::Parent });
        let mut owned = self.units().into_iter().chain(recorded);
        let unit = owned.find(|owned| owned.place.is(&place) || owned.is_around(&place));
        unit.map_or(place.path, |owned| owned.place.path)
    }
}
