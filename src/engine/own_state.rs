//! Refuses a configuration that owns what its own state is kept in: a destroy would begin by forgetting everything.

use crate::config::{ClusterState, Config, StateSettings};
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::resource::{BlockAddress, Identity};

/// The mistakes of blocks that make the namespace of their own state, or something in it; one for each block.
pub(super) fn owners(config: &Config, graph: &Graph) -> Vec<Diagnostic> {
    let StateSettings::Kubernetes(state) = &config.state else { return Vec::new() };
    let mut mistakes: Vec<(BlockAddress, Diagnostic)> = Vec::new();
    // A shared namespace is made for the objects in it, which are told.
    let owned = graph.resources().filter(|desired| !desired.shared);
    for desired in owned.filter(|desired| is_place_of(state, &desired.identity)) {
        let block = &desired.address.block;
        if mistakes.iter().any(|(told, _)| told == block) {
            continue;
        }
        let message =
            format!("`{block}` makes {}, and the state of this project is kept there", desired.identity);
        let mut mistake = Diagnostic::error("own-state", message).help(format!(
            "let `regplan state init` make the namespace `{}`, and nothing else be in it; or choose another one with \
             `[state] namespace`",
            state.namespace
        ));
        if let Some(block) = config.blocks.iter().find(|found| found.address == *block) {
            mistake = mistake.at(block.span, "");
        }
        mistakes.push((block.clone(), mistake));
    }
    mistakes.into_iter().map(|(_, mistake)| mistake).collect()
}

fn is_place_of(state: &ClusterState, identity: &Identity) -> bool {
    match &identity.namespace {
        Some(namespace) => *namespace == state.namespace,
        None => identity.is("", "Namespace") && identity.name == state.namespace,
    }
}
