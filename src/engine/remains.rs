//! What is left in a cluster of the time of Helm 2 and of old versions of cert-manager. A first plan tells it; later ones do
//! not ask again.

use std::collections::BTreeMap;

use crate::blocks::codes::OBSOLETE;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::remains::Remain;
use crate::provider::Provider;
use crate::resource::Identity;

/// How many objects are named.
const NAMED: usize = 3;

/// A warning for each kind of thing that is left.
pub(super) async fn told(provider: &dyn Provider) -> Vec<Diagnostic> {
    let mut by_kind: BTreeMap<Remain, Vec<Identity>> = BTreeMap::new();
    for (identity, remain) in provider.cluster().remains().await {
        by_kind.entry(remain).or_default().push(identity);
    }
    by_kind.iter().map(|(remain, objects)| warning(remain, objects)).collect()
}

fn warning(remain: &Remain, objects: &[Identity]) -> Diagnostic {
    let named: Vec<String> = objects.iter().take(NAMED).map(ToString::to_string).collect();
    let more = match objects.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" (and {more} more like it)"),
    };
    let message = format!("in the cluster, {}{more} {}", named.join(", "), remain.told());
    Diagnostic::warning(OBSOLETE, message).help(remain.help())
}
