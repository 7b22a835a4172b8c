//! What becomes of an object that is there, and of which is known what a write would change.

use std::sync::Arc;

use serde_json::Value;

use crate::kubernetes::immutable::is_immutable;
use crate::plan::decision::change::change as base;
use crate::plan::decision::differences;
use crate::plan::decision::replacement;
use crate::plan::decision::replacement::Trigger;
use crate::plan::decision::ruling::Ruling;
use crate::plan::decision::sent_object::made_anew;
use crate::plan::decision::tracking::record_unwritten;
use crate::plan::decision::volumes::nothing_is_moved;
use crate::plan::decision::{other_account, other_signer};
use crate::plan::diff::field_changes;
use crate::plan::diff::replacing_fields;
use crate::plan::model::change::{Action, Change};
use crate::plan::model::fidelity::{Fidelity, Proof};
use crate::plan::model::field_change::{Cause, FieldChange};
use crate::plan::model::reason::Reason;
use crate::plan::ownership::adoption;
use crate::plan::ownership::attribution;
use crate::plan::ownership::belonging::Belonging;
use crate::plan::ownership::field_owners::foreign;
use crate::plan::ownership::handover;
use crate::plan::ownership::handover::FieldRelease;
use crate::plan::ownership::protection::lost_value_problem;
use crate::plan::ownership::restore::{ChangeWithoutFields, restored_ownership};
use crate::plan::view::situation::Situation;
use crate::resource::{Desired, FieldPath, Live};

/// A write, and the object as it would be after it.
#[derive(Debug)]
pub(super) struct Tried {
    /// The object as it is sent.
    pub(super) sent: Value,
    /// The object as it would be.
    pub(super) answer: Arc<Live>,
    /// How that is known.
    pub(super) fidelity: Fidelity,
    /// What the server warned about.
    pub(super) warnings: Vec<String>,
    /// What becomes ours first.
    pub(super) takes: Vec<FieldPath>,
}

/// What becomes of an object that a write would leave as it is.
pub(super) fn proved(situation: Situation<'_>, live: &Arc<Live>, proof: Proof, sent: Value) -> Ruling {
    let fidelity = Fidelity::Proved(proof);
    let stays = situation.belonging(live) != Belonging::ToAdopt
        && Trigger::of(situation).is_none()
        && situation.known().is_none_or(|known| known.uid == live.stamp.uid);
    if !stays {
        let tried =
            Tried { sent, answer: Arc::clone(live), fidelity, warnings: Vec::new(), takes: Vec::new() };
        return ruling(situation, live, tried);
    }
    let foreign = foreign(situation.project(), &sent, live, live, &[]);
    let mut change = Change { foreign, ..base(situation, Action::None, fidelity, Some(sent)) };
    record_unwritten(situation, &mut change, live);
    Ruling::decided(change, Some(Arc::clone(live)))
}

/// What becomes of an object that is there.
pub(super) fn ruling(situation: Situation<'_>, live: &Live, tried: Tried) -> Ruling {
    let Tried { sent, answer, fidelity, warnings, takes } = tried;
    let (project, desired, manager) = (situation.project(), situation.desired(), situation.manager());
    let belonging = situation.belonging(live);
    let trigger = Trigger::of(situation);
    if let Some(obstacle) = trigger.and_then(|trigger| trigger.obstacle(situation, live, &belonging)) {
        return Ruling::Refused(obstacle);
    }
    let comparison = Comparison::new(situation, live, &sent, &answer, trigger);
    let (known, consent) = (situation.known(), situation.consent());
    if let Some(problem) = lost_value_problem(desired, known, live, &comparison.fields, consent) {
        return problem.into();
    }
    let action = comparison.action(&belonging);
    let foreign = foreign(project, &sent, live, &answer, &comparison.fields);
    let unchanged = match action {
        Action::None => 0,
        _ => field_changes::unchanged(&sent, &comparison.fields),
    };
    let (taken_from, notes) = match action {
        Action::Adopt => {
            (adoption::taken_from(&manager, live, &sent), adoption::removed_notes(desired, live))
        }
        _ => (Vec::new(), Vec::new()),
    };
    let (reasons, cause) = (comparison.reasons(action, &taken_from), comparison.cause());
    let (sent, lost) = match action {
        Action::Replace => {
            let sent = made_anew(situation, live);
            let lost = replacement::lost(situation, live, &sent);
            (sent, lost)
        }
        _ => (sent, Vec::new()),
    };
    let remarks = remarks(situation, live, &answer, &comparison, action);
    let warnings = warnings.into_iter().chain(remarks).collect();
    let is_predicted = matches!(fidelity, Fidelity::Predicted(_));
    let base = base(situation, action, fidelity, Some(sent));
    let mut change = Change {
        reasons: if base.reasons.is_empty() { reasons } else { base.reasons },
        cause,
        fields: comparison.fields.into_iter().chain(notes).chain(lost).collect(),
        foreign,
        unchanged,
        taken_from,
        warnings,
        takes,
        ..base
    };
    if !is_predicted {
        record_unwritten(situation, &mut change, &answer);
    }
    replacement::decided(situation, change, Some(answer))
}

/// What is said of a change beside what the server warns about.
fn remarks(
    situation: Situation<'_>,
    live: &Live,
    answer: &Live,
    comparison: &Comparison<'_>,
    action: Action,
) -> Vec<String> {
    let desired = situation.desired();
    let moves = (action == Action::Update)
        .then(|| nothing_is_moved(&desired.identity, &live.object, &answer.object))
        .flatten();
    kept(situation, comparison, action)
        .into_iter()
        .chain(other_signer::warning(desired, action, &comparison.fields))
        .chain(other_account::warning(desired, action, &comparison.fields))
        .chain(moves)
        .collect()
}

/// What is said of fields that leave the file, cannot change, and so stay as they are.
fn kept(situation: Situation<'_>, comparison: &Comparison<'_>, action: Action) -> Vec<String> {
    let Some(Reason::OwnershipOnly { released, .. }) =
        comparison.without_fields.as_ref().map(|change| &change.reason)
    else {
        return Vec::new();
    };
    let identity = &situation.desired().identity;
    let object = &comparison.live.object;
    let stays = released.iter().filter(|owned| {
        action == Action::Update && owned.manager.is_none() && is_immutable(identity, object, &owned.field)
    });
    stays.map(|owned| stays_as_it_is(situation, &owned.field)).collect()
}

fn stays_as_it_is(situation: Situation<'_>, field: &FieldPath) -> String {
    let Desired { identity, address, .. } = &**situation.desired();
    format!(
        "{field} left the configuration and keeps its value, since it cannot change on an existing {}; `--replace \
         {address}` makes a new one",
        identity.kind
    )
}

/// An object that is there, compared with what a write would make of it.
struct Comparison<'a> {
    situation: Situation<'a>,
    live: &'a Live,
    trigger: Option<Trigger<'a>>,
    /// The fields that are given up, because `ignore_changes` leaves them to others.
    release: FieldRelease,
    /// The fields that change, without our marks.
    fields: Vec<FieldChange>,
    /// What changes where no field does.
    without_fields: Option<ChangeWithoutFields>,
}

impl<'a> Comparison<'a> {
    fn new(
        situation: Situation<'a>,
        live: &'a Live,
        sent: &Value,
        answer: &Live,
        trigger: Option<Trigger<'a>>,
    ) -> Self {
        let (fields, marks) = differences::with_marks(situation, live, sent, answer);
        let without_fields = match (fields.as_slice(), marks.as_slice()) {
            ([], []) => restored_ownership(situation.project(), sent, live, answer),
            ([], _) => Some(ChangeWithoutFields {
                reason: Reason::AnnotationsOnly,
                cause: attribution::common_cause(marks.iter().map(|mark| &mark.cause)),
            }),
            _ => None,
        };
        // What stands against giving up fields was said before anything was asked.
        let release = handover::field_release(&situation.manager(), situation.desired(), Some(live));
        Self { situation, live, trigger, release: release.unwrap_or_default(), fields, without_fields }
    }

    fn action(&self, belonging: &Belonging) -> Action {
        let is_same = self.fields.is_empty() && self.without_fields.is_none() && !self.release.gives_up();
        match belonging {
            Belonging::ToAdopt => Action::Adopt,
            _ if self.trigger.is_some() => Action::Replace,
            _ if is_same => Action::None,
            _ => Action::Update,
        }
    }

    /// Whether the object is another one of the same name than the one that was applied.
    fn is_made_again(&self) -> bool {
        let known = self.situation.known();
        known.is_some_and(|known| !known.is_in_doubt() && known.uid != self.live.stamp.uid)
    }

    fn reasons(&self, action: Action, taken_from: &[String]) -> Vec<Reason> {
        let desired = self.situation.desired();
        match action {
            Action::Adopt => vec![adoption::reason(self.live, taken_from)],
            Action::Replace => {
                let trigger = self.trigger.map(Trigger::reason).into_iter();
                trigger.chain(replacing_fields::loss_reason(&desired.identity)).collect()
            }
            _ if self.is_made_again() => vec![Reason::MadeAgainByOthers],
            Action::Update if !self.release.is_empty() => {
                handover::reasons(&self.release, desired, Some(self.live))
            }
            _ => self.without_fields.iter().map(|change| change.reason.clone()).collect(),
        }
    }

    /// Whose change it is, where the fields do not tell.
    fn cause(&self) -> Option<Cause> {
        if self.is_made_again() {
            return Some(Cause::Drift { by: Vec::new() });
        }
        self.without_fields.as_ref().map(|change| change.cause.clone())
    }
}
