//! The changes of fields that cannot change in an existing object: they replace it.

use serde_json::Value;

use crate::kubernetes::immutable::{Loss, is_immutable, loss, says_immutable};
use crate::plan::model::field_change::{After, FieldChange};
use crate::plan::model::reason::Reason;
use crate::resource::{FieldPath, Identity, Problem, ProblemKind, Segment, is_builtin_group};

/// Flags the changes that the rules for the kind do not allow; whether there are any. A field whose value is
/// known only after the apply may keep its value, and is not flagged.
pub(in crate::plan) fn flag_by_rules(identity: &Identity, live: &Value, fields: &mut [FieldChange]) -> bool {
    for field in fields.iter_mut() {
        let is_known = !matches!(field.after, After::Unknown(_));
        field.forces_replacement = is_known && is_immutable(identity, live, &field.path);
    }
    fields.iter().any(|field| field.forces_replacement)
}

/// Flags the changes that the server refuses: those of the fields that it names, as narrowly as the rules
/// for the kind tell.
pub(in crate::plan) fn flag_named(
    identity: &Identity,
    live: &Value,
    named: &[FieldPath],
    fields: &mut [FieldChange],
) {
    let by_rules = flag_by_rules(identity, live, fields);
    for field in fields {
        let is_named = |path: &FieldPath| path.contains(&field.path) || field.path.contains(path);
        // `spec` alone says nothing that the rules would not say better.
        let exactly = named.iter().any(|path| path.segments().len() > 1 && is_named(path));
        field.forces_replacement |= exactly || (!by_rules && named.iter().any(is_named));
    }
}

/// Why an object is made anew, and what is lost by it.
pub(in crate::plan) fn reasons(identity: &Identity, fields: &[FieldChange]) -> Vec<Reason> {
    let forcing = fields.iter().filter(|field| field.forces_replacement);
    let fields = forcing.map(|field| field.path.clone()).collect();
    let immutable = Reason::ImmutableFields { object_kind: identity.kind.clone(), fields };
    [immutable].into_iter().chain(loss_reason(identity)).collect()
}

/// What is lost when it is made anew, where the rules for the kind say.
pub(in crate::plan) fn loss_reason(identity: &Identity) -> Option<Reason> {
    let of_custom_resource = (!is_builtin_group(&identity.group)).then_some(Loss::MadeByController);
    loss(identity).or(of_custom_resource).map(|loss| Reason::ReplacementLoss { loss })
}

/// The fields that the server does not change in an existing object, where that is what it says.
///
/// Most kinds give one cause for each such field; a `StatefulSet` names only `spec`. `sent` is what the server refuses,
/// and `live` what is there.
pub(in crate::plan) fn named_by_server(
    problem: &Problem,
    sent: &Value,
    live: &Value,
) -> Option<Vec<FieldPath>> {
    if problem.kind != ProblemKind::Rejected {
        return None;
    }
    let fields: Vec<_> = problem
        .causes
        .iter()
        .filter(|(_, _, words)| says_immutable(words))
        .filter_map(|(path, _, _)| path.clone())
        .collect();
    // Another cause beside them would remain after a replacement: then the user must mend that first.
    let ends = |path: &Option<FieldPath>| path.as_ref().is_some_and(|path| ends_with_old(path, sent, live));
    let is_all = problem.causes.iter().all(|(path, _, words)| says_immutable(words) || ends(path));
    (!fields.is_empty() && is_all).then_some(fields)
}

/// Whether the value there is one that the server gave the old object by itself, for example the request of a pod that
/// has only a limit. A new object has another one.
fn ends_with_old(path: &FieldPath, sent: &Value, live: &Value) -> bool {
    // A limit range would give a new pod the same value again.
    let is_of_range = live.pointer("/metadata/annotations/kubernetes.io~1limit-ranger").is_some();
    !is_of_range && path.get(live).is_some() && !is_sent(path.segments(), sent, live)
}

/// Whether what is sent has a value at this place of the live object. The server counts list items; ours may stand in
/// another order, so they are found by their names.
fn is_sent(place: &[Segment], sent: &Value, live: &Value) -> bool {
    let Some((step, rest)) = place.split_first() else { return true };
    let Some(below) = FieldPath::root().join(step.clone()).get(live) else { return false };
    let twin = match (step, below.get("name"), sent.as_array()) {
        (Segment::Index(_), Some(name), Some(items)) => {
            items.iter().find(|item| item.get("name") == Some(name))
        }
        _ => FieldPath::root().join(step.clone()).get(sent),
    };
    twin.is_some_and(|twin| is_sent(rest, twin, below))
}

#[cfg(test)]
mod tests;
