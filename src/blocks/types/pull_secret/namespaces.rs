//! Which namespaces get a pull Secret.

use std::collections::BTreeSet;

use super::PullSecretSpec;
use crate::blocks::block_type::CompileContext;
use crate::blocks::codes;
use crate::blocks::facts::{Fact, Need};
use crate::blocks::keys::span_of;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::label_selector::LabelSelector;

/// Those that the block lists, and those that its selector means: of the cluster, and of this configuration.
pub(super) fn of(
    block: &Block,
    spec: &PullSecretSpec,
    context: &CompileContext<'_>,
    mistakes: &mut Vec<Diagnostic>,
) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = spec.keys.namespaces.iter().cloned().collect();
    if let Some(selector) = &spec.selector {
        let declared = context.declared_namespaces.iter().filter(|(_, labels)| selector.selects(labels));
        all.extend(declared.map(|(name, _)| name.clone()));
        all.extend(of_cluster(block, selector, context, mistakes));
    }
    all
}

/// Those of the cluster. For a label that this configuration gives a namespace, its own word counts.
fn of_cluster(
    block: &Block,
    selector: &LabelSelector,
    context: &CompileContext<'_>,
    mistakes: &mut Vec<Diagnostic>,
) -> Vec<String> {
    let found = match context.facts.get(&Need::Namespaces) {
        Some(Fact::Namespaces(Some(found))) => found,
        Some(Fact::Unknown(reason)) => {
            let message = format!("which namespaces `{selector}` means is not known: {reason}");
            mistakes.push(
                Diagnostic::error(codes::NAMESPACES_NOT_KNOWN, message)
                    .at(span_of(block, ["namespace_selector"]), "")
                    .help("give the right to list namespaces, or name them: `namespaces = [\"team-a\"]`"),
            );
            return Vec::new();
        }
        _ => {
            let message =
                format!("which namespaces `{selector}` means is not known here: no cluster is asked");
            mistakes.push(
                Diagnostic::warning(codes::NAMESPACES_NOT_KNOWN, message)
                    .at(span_of(block, ["namespace_selector"]), "")
                    .help("`regplan plan` asks the cluster"),
            );
            return Vec::new();
        }
    };
    let is_meant = |name: &str| {
        let mut labels = found.get(name).cloned().unwrap_or_default();
        labels.extend(context.declared_namespaces.get(name).cloned().unwrap_or_default());
        selector.selects(&labels)
    };
    found.keys().filter(|name| is_meant(name)).cloned().collect()
}
