//! What is left in a cluster of the time of Helm 2 and of old versions of cert-manager. A first plan looks for it; later ones
//! tell what they meet in what they read anyway.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::blocks::codes::OBSOLETE;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::remains::{Remain, remains};
use crate::plan::{Action, Plan};
use crate::resource::Identity;

/// How many objects are named.
const NAMED: usize = 3;

/// What the objects are, or have, that the plan leaves as they are. What the configuration itself says of them is told at its
/// place in the file.
pub(super) fn met(plan: &Plan) -> impl Iterator<Item = (Identity, Remain)> {
    let staying = plan.changes.iter().filter(|change| change.action == Action::None);
    staying.flat_map(|change| {
        let identity = &change.target.identity;
        let of = |object: &Value| remains(identity, object);
        let told = change.desired.as_ref().map(|desired| of(&desired.object)).unwrap_or_default();
        let found = change.prior.as_ref().map(|live| of(&live.object)).unwrap_or_default();
        found
            .into_iter()
            .filter(move |remain| !told.contains(remain))
            .map(|remain| (identity.clone(), remain))
    })
}

/// A warning for each kind of thing that is left.
pub(super) fn warnings(found: impl IntoIterator<Item = (Identity, Remain)>) -> Vec<Diagnostic> {
    let mut by_kind: BTreeMap<Remain, BTreeSet<Identity>> = BTreeMap::new();
    for (identity, remain) in found {
        by_kind.entry(remain).or_default().insert(identity);
    }
    by_kind.iter().map(|(remain, objects)| warning(remain, objects)).collect()
}

fn warning(remain: &Remain, objects: &BTreeSet<Identity>) -> Diagnostic {
    let named: Vec<String> = objects.iter().take(NAMED).map(ToString::to_string).collect();
    let more = match objects.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" (and {more} more like it)"),
    };
    let message = format!("in the cluster, {}{more} {}", named.join(", "), remain.told());
    Diagnostic::warning(OBSOLETE, message).help(remain.help())
}
