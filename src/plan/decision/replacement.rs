//! What becomes of an object that must be deleted and made anew: because a field cannot change, because the
//! user asks for it, or because another resource changes that triggers it.

use std::sync::Arc;

use serde_json::Value;

use crate::plan::decision::change::change as base;
use crate::plan::decision::ruling::Ruling;
use crate::plan::decision::sent_object::made_anew;
use crate::plan::diff::replacing_fields;
use crate::plan::model::change::{Action, Change};
use crate::plan::model::fidelity::Fidelity;
use crate::plan::model::field_change::FieldChange;
use crate::plan::model::plan::Obstacle;
use crate::plan::model::reason::Reason;
use crate::plan::ownership::belonging::{Belonging, removal_problem};
use crate::plan::ownership::losses::Succession;
use crate::plan::ownership::protection;
use crate::plan::ownership::protection::{Remedy, replacement_ban};
use crate::plan::view::situation::Situation;
use crate::resource::{Address, Live, Problem, ProblemKind};

/// How many addresses a message names.
const NAMED: usize = 3;

/// Why an object is replaced although the server would take the change.
#[derive(Debug, Clone, Copy)]
pub(super) enum Trigger<'a> {
    /// `--replace` names it.
    Requested,
    /// This resource changes, and `replace_triggered_by` names it.
    Changed(&'a Address),
}

impl<'a> Trigger<'a> {
    /// What replaces the resource, if anything does: the first of its triggers that changes. A trigger of which only
    /// our marks or the ownership change does not count.
    pub(super) fn of(situation: Situation<'a>) -> Option<Self> {
        if situation.is_replacement_requested() {
            return Some(Self::Requested);
        }
        let mut changed = situation.triggers().filter(|change| change.action.writes());
        changed.find(|change| !keeps_its_values(change)).map(|change| Self::Changed(&change.address))
    }

    /// As a reason for the change.
    pub(super) fn reason(self) -> Reason {
        match self {
            Self::Requested => Reason::ReplaceRequested,
            Self::Changed(address) => Reason::ReplaceTriggered { by: address.clone() },
        }
    }

    /// What stands against the replacement.
    pub(super) fn obstacle(
        self,
        situation: Situation<'_>,
        live: &Live,
        belonging: &Belonging,
    ) -> Option<Obstacle> {
        let help = match (self, belonging) {
            (Self::Requested, Belonging::ToAdopt) => {
                "take it over first, then replace it; what others made is not deleted in one step".to_owned()
            }
            (_, Belonging::Ours) => {
                let desired = situation.desired();
                let ban = replacement_ban(desired, situation.known(), live, situation.consent())?;
                let remedy = match self {
                    Self::Requested => Remedy::OmitReplace,
                    Self::Changed(_) => Remedy::RestoreFields,
                };
                ban.help(&desired.address, remedy)
            }
            _ => return None,
        };
        Some(Obstacle::Replacement { reasons: vec![self.reason()], help })
    }
}

/// Whether the object keeps all of its values: our marks and its ownership alone change.
fn keeps_its_values(change: &Change) -> bool {
    change.action == Action::Update && change.fields.is_empty() && change.replaced.is_none()
}

/// What becomes of an object with fields that cannot change; `said` is the server's answer, where it was asked.
pub(super) fn ruling(
    situation: Situation<'_>,
    live: &Live,
    fidelity: Fidelity,
    fields: Vec<FieldChange>,
    said: Option<Problem>,
) -> Ruling {
    let desired = situation.desired();
    let reasons = replacing_fields::reasons(&desired.identity, &fields);
    if let Some(ban) = replacement_ban(desired, situation.known(), live, situation.consent()) {
        let help = ban.help(&desired.address, Remedy::RestoreFields);
        return match said {
            Some(problem) => problem.help(help).into(),
            None => Ruling::Refused(Obstacle::Replacement { reasons, help }),
        };
    }
    let sent = made_anew(situation, live);
    let fields = fields.into_iter().chain(lost(situation, live, &sent)).collect();
    let change = base(situation, Action::Replace, fidelity, Some(sent));
    decided(situation, Change { reasons, fields, ..change }, None)
}

/// What others lose by the replacement; `sent` is the new object.
pub(super) fn lost(situation: Situation<'_>, live: &Live, sent: &Value) -> Vec<FieldChange> {
    succession(situation, live, sent).lost_by_others()
}

/// What is lost with the object that had the address before under another name; `sent` is the new one.
pub(super) fn lost_with_predecessor(situation: Situation<'_>, sent: &Value) -> Vec<FieldChange> {
    let Some((known, live)) = situation.predecessor() else { return Vec::new() };
    if known.target.identity.group_kind() != situation.desired().identity.group_kind() {
        return Vec::new();
    }
    succession(situation, live, sent).lost_by_all()
}

fn succession<'a>(situation: Situation<'a>, old: &'a Live, new: &'a Value) -> Succession<'a> {
    Succession { project: situation.project(), desired: situation.desired(), old, new }
}

/// The change of an object that is there, unless it deletes the object and with it others of this plan.
pub(super) fn decided(situation: Situation<'_>, change: Change, outcome: Option<Arc<Live>>) -> Ruling {
    let problem = (change.action == Action::Replace).then(|| contents_problem(situation)).flatten();
    problem.map_or_else(|| Ruling::decided(change, outcome), Ruling::from)
}

/// Why a namespace or a definition cannot be made anew: what this configuration has in it would be deleted
/// with the old one, and be planned as if it stayed.
fn contents_problem(situation: Situation<'_>) -> Option<Problem> {
    let contents: Vec<&Address> = situation.contents().map(|desired| &desired.address).collect();
    let more = match contents.len() {
        0 => return None,
        count if count > NAMED => format!(" and {} more", count - NAMED),
        _ => String::new(),
    };
    let named: Vec<String> = contents.iter().take(NAMED).map(ToString::to_string).collect();
    let message = format!(
        "it cannot be replaced while there is {}{more}, which would be deleted with it",
        named.join(", ")
    );
    Some(Problem::new(ProblemKind::Rejected, message).help(
        "destroy it with all that is in it (`regplan destroy --target`), then apply; make a backup of any data first",
    ))
}

/// What stands against deleting the object that had the address before.
pub(super) fn predecessor_problem(situation: Situation<'_>) -> Option<Problem> {
    if let Some(problem) = situation.unreadable_predecessor() {
        return Some(problem.clone());
    }
    let (known, live) = situation.predecessor()?;
    let desired = situation.desired();
    removal_problem(&known.target.identity, live, situation.owner(), &desired.address)
        .or_else(|| protection::predecessor_problem(desired, known, live, situation.consent()))
}
