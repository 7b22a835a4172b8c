//! What is deleted only with consent, and what is never replaced.

use serde_json::Value;

use crate::kubernetes::kinds::holds_more_than_itself;
use crate::kubernetes::marks::is_marked_protected;
use crate::plan::input::plan_input::Known;
use crate::plan::model::field_change::{After, Cause, FieldChange};
use crate::plan::model::plan::Consent;
use crate::resource::{Address, Desired, Identity, Live, Problem, ProblemKind};

/// Whether it is deleted only with consent by name: deleting it would delete more than itself, or it is
/// marked so, in the configuration, in the state, or on the object.
pub(in crate::plan) fn is_protected(
    identity: &Identity,
    desired: Option<&Desired>,
    known: Option<&Known>,
    live: Option<&Live>,
) -> bool {
    holds_more_than_itself(identity)
        || desired.is_some_and(|desired| desired.lifecycle.protect)
        || known.is_some_and(|known| known.protect)
        || live.is_some_and(is_marked_protected)
}

/// Why an object is not replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plan) enum ReplacementBan {
    /// Nothing allows it: a volume claim would lose its data.
    Always,
    /// Nobody has consented to it.
    WithoutConsent,
}

/// What would make the replacement unnecessary.
#[derive(Debug, Clone, Copy)]
pub(in crate::plan) enum Remedy {
    /// To set the fields that cannot change to what they were.
    RestoreFields,
    /// To call the command without `--replace`.
    OmitReplace,
}

/// Why the object is not replaced, if so.
///
/// The marks of earlier applies count: taking `protect` out in the same change does not lift it.
pub(in crate::plan) fn replacement_ban(
    desired: &Desired,
    known: Option<&Known>,
    live: &Live,
    consent: &Consent,
) -> Option<ReplacementBan> {
    if is_never_replaced(&desired.identity) {
        return Some(ReplacementBan::Always);
    }
    let protected = is_protected(&desired.identity, Some(desired), known, Some(live));
    let is_banned = protected && !consent.destroy.contains(&desired.address);
    is_banned.then_some(ReplacementBan::WithoutConsent)
}

/// Whether no consent allows a replacement.
pub(in crate::plan) fn is_never_replaced(identity: &Identity) -> bool {
    identity.is("", "PersistentVolumeClaim")
}

impl ReplacementBan {
    /// What to do instead.
    pub(in crate::plan) fn help(self, address: &Address, remedy: Remedy) -> String {
        match self {
            Self::Always => {
                let remedy = match remedy {
                    Remedy::RestoreFields => "put back the fields that the server names",
                    Remedy::OmitReplace => "leave `--replace` out",
                };
                format!(
                    "a claim is never replaced, its data would be lost: {remedy}, or write a second block that makes \
                     another claim, and copy the data"
                )
            }
            Self::WithoutConsent => {
                let remedy = match remedy {
                    Remedy::RestoreFields => "put the fields back",
                    Remedy::OmitReplace => "leave `--replace` out",
                };
                format!(
                    "replacing it would delete what it holds: {remedy}, or agree with `--consent {address}`"
                )
            }
        }
    }
}

/// Whether an object that is gone was applied, and nobody has agreed to its end. Where a run was killed, it may have
/// deleted the object itself, as somebody had agreed.
pub(in crate::plan) fn is_lost(known: &Known, desired: &Desired) -> bool {
    known.target.identity == desired.identity && !known.is_in_doubt() && !known.doubted
}

/// What stands against making something again that held data, and that was lost: it would come back empty.
pub(in crate::plan) fn lost_data_problem(
    desired: &Desired,
    is_namespace_gone: bool,
    consent: &Consent,
) -> Option<Problem> {
    // The claims of a StatefulSet outlive it, but not their namespace.
    let held_data =
        desired.identity.is("", "PersistentVolumeClaim") || is_namespace_gone && has_claims(desired);
    let is_agreed = consent.destroy.contains(&desired.address);
    (held_data && !is_agreed).then(|| data_loss(&desired.identity, &desired.address))
}

/// Whether it is a `StatefulSet` whose pods have volumes of their own.
fn has_claims(desired: &Desired) -> bool {
    let claims = desired.object.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array);
    desired.identity.is("apps", "StatefulSet") && claims.is_some_and(|claims| !claims.is_empty())
}

/// What is said of data that is lost.
pub fn data_loss(identity: &Identity, address: &Address) -> Problem {
    let message = format!("{identity} is gone, and its data with it: an apply would make an empty one");
    Problem::new(ProblemKind::Conflict, message).help(format!(
        "restore it first (a volume that was kept can be bound again), or agree to an empty one: `--consent {address}`"
    ))
}

/// What stands against a write that takes away a generated value: nobody else has it.
pub(in crate::plan) fn lost_value_problem(
    desired: &Desired,
    known: Option<&Known>,
    live: &Live,
    fields: &[FieldChange],
    consent: &Consent,
) -> Option<Problem> {
    if !desired.identity.is("", "Secret") || consent.destroy.contains(&desired.address) {
        return None;
    }
    let is_marked = known.is_some_and(|known| known.protect) || is_marked_protected(live);
    let was_generated = is_marked && !desired.lifecycle.protect;
    let is_generated = desired.generated.iter().next().is_some();
    let lost = fields.iter().filter(|field| {
        let is_value =
            field.path.is_below_keys(&["data"]) && field.before.is_some() && field.cause == Cause::Yours;
        is_value && (was_generated || is_generated && field.after == After::Absent)
    });
    let lost: Vec<String> = lost.map(|field| field.path.to_string()).collect();
    let (first, more) = lost.split_first()?;
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    let message = format!("it would lose a generated value that nobody else has: {first}{more}");
    Some(
        Problem::new(ProblemKind::Conflict, message).help(format!(
            "put its source back, or agree to lose the value: `--consent {}`",
            desired.address
        )),
    )
}

/// What stands against deleting the object that had the address of a desired resource before.
pub(in crate::plan) fn predecessor_problem(
    desired: &Desired,
    predecessor: &Known,
    live: &Live,
    consent: &Consent,
) -> Option<Problem> {
    let identity = &predecessor.target.identity;
    let protected = is_protected(identity, None, Some(predecessor), Some(live));
    if !protected || consent.destroy.contains(&desired.address) {
        return None;
    }
    let message = format!("it was {identity} before, which is protected, and would be deleted");
    Some(Problem::new(ProblemKind::Conflict, message).help(format!(
        "put its name back, or make a second resource under another address; `--consent {}` deletes the old one",
        desired.address
    )))
}
