//! The words for why a change is made, why its difference could only be predicted, and why it is refused.

use std::borrow::Cow;

use crate::kubernetes::immutable::Loss;
use crate::plan::{Cure, Deed, Fidelity, Obstacle, OwnedField, PredictionReason, Reason, UnknownValue};
use crate::resource::FieldPath;

/// How many fields a sentence names at most.
const NAMED: usize = 3;

/// Why a change is made, in one sentence; `None` where there is nothing to say.
pub(in crate::report) fn sentence(reasons: &[Reason]) -> Option<String> {
    let (unreplaced, others): (Vec<_>, Vec<_>) =
        reasons.iter().partition(|reason| **reason == Reason::NothingToReplace);
    let clauses = others.into_iter().map(clause).collect::<Vec<_>>().join("; ");
    match (unreplaced.is_empty(), clauses.is_empty()) {
        (true, true) => None,
        (true, false) => Some(clauses),
        (false, true) => Some("--replace finds nothing to delete: it is not there yet".to_owned()),
        (false, false) => Some(format!("--replace finds nothing to delete: {clauses}")),
    }
}

/// The same for one of many, whose addresses are named beside it.
pub(in crate::report) fn shared_sentence(reasons: &[Reason]) -> Option<String> {
    match reasons {
        [Reason::Protected { address }] => {
            Some(format!("protected: `--consent {}/KIND/NAME` deletes one of them", address.block))
        }
        reasons => sentence(reasons),
    }
}

fn clause(reason: &Reason) -> String {
    match reason {
        Reason::AppliedBefore => "it was applied before, and is gone".to_owned(),
        Reason::NothingToReplace => "it is not there yet".to_owned(),
        Reason::ReplaceRequested => "requested by --replace".to_owned(),
        Reason::ReplaceTriggered { by } => format!("{by} changes, and triggers a replacement"),
        Reason::ImmutableFields { object_kind, fields } => immutable(object_kind, fields),
        Reason::ReplacementLoss { loss } => lost(*loss).to_owned(),
        Reason::PredecessorDeleted { predecessor } => {
            format!("{predecessor} is deleted: it had this address")
        }
        Reason::MadeAgainByOthers => "it was deleted and made again by others".to_owned(),
        Reason::AnnotationsOnly => "only our annotations change".to_owned(),
        Reason::OwnershipOnly { taken, released } => ownership(taken, released),
        Reason::ApiVersionOnly { from, to } => {
            format!("only the API version that we write changes: {from} -> {to}")
        }
        Reason::IgnoredFieldSet { field } => {
            format!("{field} is set once, and then left to others")
        }
        Reason::IgnoredFieldReleased { field, value } => {
            let stays =
                value.as_ref().map_or_else(|| "stays as it is".to_owned(), |value| format!("stays {value}"));
            format!("{field} is handed over: it {stays}, and regplan does not manage it any more")
        }
        Reason::IgnoredFieldLeft { field, managers } => {
            format!("{field} is left to {}, who owns it too", managers.join(", "))
        }
        Reason::Adopted { made_by } => {
            let by = if made_by.is_empty() { "an unknown manager".to_owned() } else { made_by.join(", ") };
            format!("taken over; it was made by {by}")
        }
        Reason::AdoptedFrom { managers } => {
            format!("taken over from {}: regplan manages these fields from now on", managers.join(", "))
        }
        Reason::ReleasedByRemoved { place } => format!("[[removed]] in {place} keeps its object"),
        Reason::NameTaken => "another object has its name now, and is left unchanged".to_owned(),
        Reason::RunByHelm => {
            "Helm has run it, and it is not known for which release: it is left unchanged; `kubectl delete` deletes it".to_owned()
        }
        Reason::RunTakenOver => "Helm has run it; what is left of that is taken over, and goes with the chart".to_owned(),
        Reason::KnownElsewhere => "it has another address now".to_owned(),
        Reason::RunsAgain => "it has completed with other content, and runs again".to_owned(),
        Reason::RunsAfterFailure => "it has failed, and runs again".to_owned(),
        Reason::RanAsTest => "what is there is of a test: `regplan verify` has run it".to_owned(),
        Reason::Completed => "it has completed, and runs again when it changes".to_owned(),
        Reason::HelmRecord => {
            "by it, a later `helm uninstall` would delete what regplan manages from now on".to_owned()
        }
        Reason::NotItsMoment => "it runs when something else happens to its chart".to_owned(),
        Reason::GoneAlready => "it is gone already".to_owned(),
        Reason::Protected { address } => format!("protected: `--consent {address}` deletes it"),
        Reason::ThereBefore { address } => {
            format!("it was there before it was taken over: `--consent {address}` deletes it")
        }
        Reason::HoldsProtected { address } => format!("it contains {address}, which stays"),
        Reason::NeededByStaying { address, by } => {
            format!("{by} stays, and needs it: `--consent {address}` deletes it all the same")
        }
        Reason::HoldsReleased { address } => format!("it contains {address}, which [[removed]] keeps"),
        Reason::HoldsDesired { address } => format!("it contains {address}, which is in the configuration"),
    }
}

fn immutable(object_kind: &str, fields: &[FieldPath]) -> String {
    if fields.is_empty() {
        return format!("an existing {object_kind} cannot be changed this way");
    }
    let fields = fields.iter().map(ToString::to_string).collect::<Vec<_>>();
    format!("{} cannot be changed on an existing {object_kind}", some_of(&fields))
}

fn ownership(taken: &[OwnedField], released: &[OwnedField]) -> String {
    let taken = taken.iter().map(|field| owned(field, "last written by"));
    let all: Vec<String> = taken.chain(released.iter().map(|field| owned(field, "left to"))).collect();
    if all.is_empty() {
        return "only the ownership of our annotations changes".to_owned();
    }
    format!("only ownership changes: {}", some_of(&all))
}

fn owned(owned: &OwnedField, verb: &str) -> String {
    match &owned.manager {
        Some(manager) => format!("{} ({verb} {manager})", owned.field),
        None => owned.field.to_string(),
    }
}

/// The first few, and how many more there are.
fn some_of(all: &[String]) -> String {
    let named = all.get(..NAMED).unwrap_or(all).join(", ");
    match all.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn lost(loss: Loss) -> &'static str {
    match loss {
        Loss::Nothing => "nothing else is lost",
        Loss::RunningPods => "its pods are stopped and started again",
        Loss::RunningPodsOfStatefulSet => {
            "its pods are stopped and started again; its claims stay, unless its retention policy says otherwise"
        }
        Loss::JobRun => "its pods and their logs are deleted, and it runs again",
        Loss::RunningPod => "it is stopped, its logs are deleted, and it is started again",
        Loss::ClusterIp => "its cluster IP changes",
        Loss::Data => "its data are lost",
        Loss::VolumeOfClaim => {
            "its claim loses its volume, and with the reclaim policy Delete the data are lost"
        }
        Loss::OtherKeys => "fields not in the configuration are removed",
        Loss::RightsMeanwhile => "until the new one is there, its subjects lack these rights",
        Loss::StorageClassMeanwhile => {
            "volumes stay as they are; until the new one is there, no claim of this class is served"
        }
        Loss::CsiDriverMeanwhile => {
            "until the new one is there, its volumes are attached as if there were none"
        }
        Loss::CustomResources => "all of its custom resources are deleted",
        Loss::PriorityOfRunningPods => "existing pods keep their priority",
        Loss::IngressClassMeanwhile => "until the new one is there, no controller serves its Ingresses",
        Loss::MadeByController => "what its controller made for it goes with it, its data too",
        Loss::RuntimeClassMeanwhile => "until the new one is there, no pod of it starts",
    }
}

/// Why the difference could only be predicted; `None` where it is known for sure.
pub(super) fn prediction(fidelity: &Fidelity) -> Option<String> {
    let Fidelity::Predicted(reason) = fidelity else { return None };
    let sentence = match reason {
        PredictionReason::NamespaceCreated { namespace } => {
            format!("the namespace `{namespace}` is made by this plan")
        }
        PredictionReason::NamespaceMissing { namespace } => {
            format!("the namespace `{namespace}` is not there, and cannot be made")
        }
        PredictionReason::KindCreated { defined } => format!("the kind {defined} is made by this plan"),
        PredictionReason::KindChanged { defined } => format!("the kind {defined} is changed by this plan"),
        PredictionReason::KindMissing { defined } => {
            format!("the kind {defined} is not there, and cannot be made")
        }
        PredictionReason::ValuePending { address, field } => {
            format!("{address}.{field} is known only after apply")
        }
        PredictionReason::DanglingReference { reference } => format!("`{reference}` refers to nothing"),
        PredictionReason::TakenFirst { fields } => {
            let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
            format!(
                "the server accepts it only without this, which regplan takes over first: {}",
                some_of(&fields)
            )
        }
        PredictionReason::DryRunRefused { message } => {
            format!("the server could not do a dry-run: {message}")
        }
        PredictionReason::Forbidden { message } => format!("no permission for a dry-run: {message}"),
        PredictionReason::RefusedForNow { message, cures } => {
            let cures: Vec<String> = cures.iter().map(cure).collect();
            format!("the server refuses it until {}: {message}", some_of(&cures))
        }
    };
    // The server lists missing permissions in lines of their own.
    Some(sentence.lines().map(str::trim).collect::<Vec<_>>().join(" "))
}

/// The same without what the server said of this one object.
pub(super) fn short_prediction(fidelity: &Fidelity) -> Option<String> {
    match fidelity {
        Fidelity::Predicted(PredictionReason::Forbidden { .. }) => {
            Some("no permission for a dry-run".to_owned())
        }
        other => prediction(other),
    }
}

/// What is done first.
fn cure(cure: &Cure) -> String {
    let what = cure.predecessor.as_ref().map_or_else(|| cure.address.to_string(), ToString::to_string);
    match cure.deed {
        Deed::Made => format!("{what} is made"),
        Deed::Changed => format!("{what} is changed"),
        Deed::Deleted => format!("{what} is deleted"),
    }
}

/// Why a change is refused.
pub fn refusal(obstacle: &Obstacle) -> Cow<'_, str> {
    match obstacle {
        Obstacle::Problem(problem) => Cow::Borrowed(&problem.message),
        Obstacle::Replacement { reasons, .. } => Cow::Owned(sentence(reasons).unwrap_or_default()),
    }
}

/// The text in place of a value that is known only after the apply.
pub(super) fn unknown(value: &UnknownValue) -> &str {
    match value {
        UnknownValue::Expression(expression) => expression,
        UnknownValue::Generated => "generated",
    }
}

#[cfg(test)]
mod tests;
