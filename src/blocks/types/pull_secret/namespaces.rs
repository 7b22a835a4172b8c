//! Which namespaces get a pull Secret.

use std::collections::{BTreeMap, BTreeSet};

use super::spec::PullSecretSpec;
use crate::blocks::block_type::CompileContext;
use crate::blocks::codes;
use crate::blocks::facts::{Fact, NamespaceLabels, Need};
use crate::blocks::keys::span_of;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::label_selector::LabelSelector;

/// The namespaces of a pull secret, as far as they are known.
pub(super) struct Found {
    /// Those that the block lists, and those that its selector means.
    pub(super) all: BTreeSet<String>,
    /// Why some of them may be missing.
    pub(super) gap: Option<Gap>,
}

/// Why it is not known which namespaces of the cluster a selector means.
pub(super) enum Gap {
    /// No cluster is asked in this run.
    NotAsked,
    /// The cluster does not tell, for this reason.
    Unknown(String),
}

/// Those that the block lists, and those that its selector means: of the cluster, and of this configuration.
pub(super) fn of(spec: &PullSecretSpec, context: &CompileContext<'_>) -> Found {
    let mut all = named(spec, context);
    let Some(selector) = &spec.selector else { return Found { all, gap: None } };
    let gap = match context.facts.get(&Need::Namespaces) {
        Some(Fact::Namespaces(Some(found))) => {
            all.extend(of_cluster(selector, found, context).cloned());
            None
        }
        Some(Fact::Unknown(reason)) => Some(Gap::Unknown(reason.clone())),
        _ => Some(Gap::NotAsked),
    };
    Found { all, gap }
}

/// Those that the configuration itself tells: listed by the block, or declared with the labels that its selector asks for.
pub(super) fn named(spec: &PullSecretSpec, context: &CompileContext<'_>) -> BTreeSet<String> {
    let is_selected = |labels: &BTreeMap<String, String>| {
        spec.selector.as_ref().is_some_and(|selector| selector.selects(labels))
    };
    let declared = context.declared_namespaces.iter().filter(|(_, labels)| is_selected(labels));
    spec.keys.namespaces.iter().cloned().chain(declared.map(|(name, _)| name.clone())).collect()
}

/// Those of the cluster. For a label that this configuration gives a namespace, its own word counts.
fn of_cluster<'f>(
    selector: &LabelSelector,
    found: &'f NamespaceLabels,
    context: &CompileContext<'_>,
) -> impl Iterator<Item = &'f String> {
    let is_meant = move |name: &&String| {
        let mut labels = found.get(*name).cloned().unwrap_or_default();
        labels.extend(context.declared_namespaces.get(*name).cloned().unwrap_or_default());
        selector.selects(&labels)
    };
    found.keys().filter(is_meant)
}

impl Gap {
    /// What is to be said of it. Without a cluster nothing is wrong.
    pub(super) fn mistake(&self, block: &Block, spec: &PullSecretSpec) -> Diagnostic {
        let selector = spec.keys.namespace_selector.as_deref().unwrap_or_default();
        let mistake = match self {
            Self::Unknown(reason) => {
                let message = format!("which namespaces `{selector}` means is not known: {reason}");
                Diagnostic::error(codes::NAMESPACES_NOT_KNOWN, message)
                    .help("give the right to list namespaces, or name them: `namespaces = [\"team-a\"]`")
            }
            Self::NotAsked => {
                let message =
                    format!("which namespaces `{selector}` means is not known here: no cluster is asked");
                Diagnostic::warning(codes::NAMESPACES_NOT_KNOWN, message)
                    .help("`regplan plan` asks the cluster")
            }
        };
        mistake.at(span_of(block, ["namespace_selector"]), "")
    }
}
