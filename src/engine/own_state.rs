//! Refuses a configuration that owns what its own state is kept in: a destroy would begin by forgetting everything.

use crate::config::{Config, StateSettings};
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::kubernetes::newest_state;
use crate::resource::{BlockAddress, Identity};

/// The mistakes of blocks that make the namespace of their own state, or something in it; one for each block.
pub(super) fn owners(config: &Config, graph: &Graph) -> Vec<Diagnostic> {
    let mut mistakes: Vec<(BlockAddress, Diagnostic)> = Vec::new();
    // A shared namespace is made for the objects in it, which are told.
    let owned = graph.resources().filter(|desired| !desired.shared);
    for desired in owned.filter(|desired| is_place(config, &desired.identity)) {
        let block = &desired.address.block;
        if mistakes.iter().any(|(told, _)| told == block) {
            continue;
        }
        let (what, help) = match &config.state {
            StateSettings::Kubernetes(state) => (
                "the state of this project is kept there",
                format!(
                    "let `regplan state init` make the namespace `{}`, and nothing else be in it; or choose another one \
                     with `[state] namespace`",
                    state.namespace
                ),
            ),
            StateSettings::Local { .. } | StateSettings::Objects(_) => (
                "it is recorded there which copy of this project's state is the newest one",
                "choose another namespace for that with `[state] namespace`".to_owned(),
            ),
        };
        let message = format!("`{block}` makes {}, and {what}", desired.identity);
        let mut mistake = Diagnostic::error("own-state", message).help(help);
        if let Some(block) = config.blocks.iter().find(|found| found.address == *block) {
            mistake = mistake.at(block.span, "");
        }
        mistakes.push((block.clone(), mistake));
    }
    mistakes.into_iter().map(|(_, mistake)| mistake).collect()
}

fn is_place(config: &Config, identity: &Identity) -> bool {
    let is_namespace = |name: &str| identity.is("", "Namespace") && identity.name == name;
    match &config.state {
        StateSettings::Kubernetes(state) => {
            is_namespace(&state.namespace) || identity.namespace.as_ref() == Some(&state.namespace)
        }
        StateSettings::Local { recorded_in, .. } => {
            is_namespace(recorded_in) || *identity == newest_state::identity(&config.project, recorded_in)
        }
        StateSettings::Objects(_) => false,
    }
}
