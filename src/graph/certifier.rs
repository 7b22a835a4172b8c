//! What cert-manager takes comes after that by which its webhook is asked: what is written before is neither validated nor
//! mutated. The webhook's pods come before both, because a webhook configuration needs them.

use super::edge_reason::{EdgeReason, RawEdge};
use crate::kubernetes::certifier::{asked_in, has_webhook_asked};
use crate::resource::dependencies::Strength;
use crate::resource::{Desired, FieldPath};

/// Whether the one waits until cert-manager's webhook is asked by the other.
pub(super) fn waits_for(one: &Desired, other: &Desired) -> bool {
    asked_in(&one.identity).is_some() && has_webhook_asked(&other.identity, &other.object)
}

/// The edges from all that cert-manager takes to its webhook configurations; none where these resources have no such.
pub(super) fn edges(desired: &[Desired]) -> Vec<RawEdge> {
    let numbered = || desired.iter().enumerate();
    let asking = numbered().filter(|(_, other)| has_webhook_asked(&other.identity, &other.object));
    asking
        .flat_map(|(to, other)| {
            let waiting = numbered().filter(|(_, one)| waits_for(one, other));
            waiting.map(move |(from, _)| (from, to, reason()))
        })
        .collect()
}

fn reason() -> EdgeReason {
    let path = FieldPath::keys(["apiVersion"]);
    EdgeReason::Inferred { path, strength: Strength::Useful, through: None }
}
