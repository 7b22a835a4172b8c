//! Whether the namespaces that a block chooses by their labels are still those that have its Secret.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Observation, Status};
use crate::kubernetes::label_selector::LabelSelector;
use crate::resource::{Address, Identity, NamespaceSelection, Problem};
use crate::state::State;

/// The labels of the namespaces of a cluster, by their names.
pub type NamespaceLabels = BTreeMap<String, BTreeMap<String, String>>;

/// Adds what no object tells: Secrets that are missing in namespaces that have the labels by now, and those in namespaces
/// that have them no longer. `labels` are those of the cluster, or why nobody knows them.
pub fn observe_selections(
    state: &State,
    labels: &Result<NamespaceLabels, Problem>,
    findings: &mut Vec<Finding>,
) {
    for selection in &state.selections {
        match labels {
            Err(problem) => findings.push(unknown(selection, problem)),
            Ok(labels) => observe(selection, state, labels, findings),
        }
    }
}

fn observe(
    selection: &NamespaceSelection,
    state: &State,
    labels: &NamespaceLabels,
    findings: &mut Vec<Finding>,
) {
    // One that cannot be read was never applied.
    let Ok(selector) = selection.selector.parse::<LabelSelector>() else { return };
    let selected: BTreeSet<&String> =
        labels.iter().filter(|(_, labels)| selector.selects(labels)).map(|(name, _)| name).collect();
    // What an interrupted run was about to make has a finding already.
    let doubted = state.in_doubt.iter().map(|doubt| &doubt.target.identity);
    let known: BTreeSet<&Identity> =
        state.resources.values().map(|resource| &resource.identity).chain(doubted).collect();
    let missing = selected.iter().filter(|namespace| !known.contains(&selection.secret_in(namespace)));
    let status = Status::Unmade { selector: selection.selector.clone() };
    findings.extend(missing.map(|namespace| {
        finding(selection.address_in(namespace), selection.secret_in(namespace), status.clone())
    }));
    for found in findings.iter_mut().filter(|found| selection.makes(&found.address, &found.identity)) {
        let namespace = found.identity.namespace.clone().unwrap_or_default();
        let is_meant = selected.contains(&namespace) || selection.besides.contains(&namespace);
        // What becomes of a namespace that is gone is told of the namespace.
        let is_there = labels.contains_key(&namespace);
        if is_there && !is_meant && matches!(found.status, Status::InSync | Status::LeftOut) {
            found.status = Status::Surplus { selector: selection.selector.clone() };
        }
    }
}

fn unknown(selection: &NamespaceSelection, problem: &Problem) -> Finding {
    let address = Address { block: selection.block.clone(), object: None };
    let message =
        format!("which namespaces `{}` means now is not known: {}", selection.selector, problem.message);
    let problem = Problem { message, ..problem.clone() };
    finding(address, selection.secret_in("*"), Status::Unreadable(problem))
}

fn finding(address: Address, identity: Identity, status: Status) -> Finding {
    let Observation { status, health, added, foreign } = status.into();
    Finding { address, identity, status, health, added, foreign }
}
