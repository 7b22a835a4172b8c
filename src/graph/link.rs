//! All edges between the same two nodes, while the graph is built.

use super::edge_reason::{EdgeReason, RawEdge};
use crate::resource::dependencies::Strength;

/// Two nodes, by number, and every reason why the first waits for the second.
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) reasons: Vec<EdgeReason>,
}

impl Link {
    /// How strongly the first node needs the second: the strongest of its reasons. `None` where the
    /// configuration says that it waits, because such a link never yields.
    pub(super) fn strength(&self) -> Option<Strength> {
        if self.is_written() { None } else { self.reasons.iter().filter_map(EdgeReason::strength).max() }
    }

    /// Whether the configuration itself says that the first node waits.
    pub(super) fn is_written(&self) -> bool {
        self.reasons.iter().any(|reason| reason.strength().is_none())
    }
}

/// Puts the reasons between the same two nodes together, those that the configuration writes first.
pub(super) fn grouped(mut raw: Vec<RawEdge>) -> Vec<Link> {
    // A stable sort: reasons of one sort stay in the order in which the object says them.
    raw.sort_by_key(|(from, to, reason)| (*from, *to, reason.strength().is_some()));
    let mut links: Vec<Link> = Vec::with_capacity(raw.len());
    for (from, to, reason) in raw {
        match links.last_mut() {
            Some(link) if (link.from, link.to) == (from, to) => {
                if !link.reasons.contains(&reason) {
                    link.reasons.push(reason);
                }
            }
            _ => links.push(Link { from, to, reasons: vec![reason] }),
        }
    }
    links
}
