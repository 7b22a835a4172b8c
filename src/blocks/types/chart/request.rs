//! What is asked of Helm.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ChartSpec;
use super::values::{self, ChartValues};
use crate::blocks::block_type::CompileContext;
use crate::blocks::codes;
use crate::blocks::facts::{Capabilities, Fact, LocalChart, Need, RenderRequest};
use crate::blocks::keys::span_of;
use crate::config::Block;
use crate::diagnostic::Diagnostic;

/// What must be known before anything can be rendered.
pub(super) fn first_needs(spec: &ChartSpec) -> Vec<Need> {
    let files = spec.values_files.iter().cloned().map(Need::File);
    [Need::Chart(spec.source.clone()), Need::Capabilities].into_iter().chain(files).collect()
}

/// The renderings of one chart: the same twice, and once more with other texts in the place of its secrets.
pub(super) struct Renderings {
    first: RenderRequest,
    values: ChartValues,
}

impl Renderings {
    /// The questions, in the order in which the answers are compared.
    pub(super) fn needs(&self) -> Vec<Need> {
        let rendering = |request: RenderRequest| Need::Rendering(Box::new(request));
        let again = RenderRequest { number: 1, ..self.first.clone() };
        let substituted = self.values.substituted.clone();
        let substituted = substituted.map(|values| RenderRequest { values, ..self.first.clone() });
        [Some(self.first.clone()), Some(again), substituted].into_iter().flatten().map(rendering).collect()
    }

    /// Why a secret among the values is not known; a placeholder stands for it.
    pub(super) fn unknown_secret(&self) -> Option<&str> {
        self.values.unchecked.as_deref()
    }

    /// The secrets among the values.
    pub(super) fn secrets(&self) -> &[String] {
        &self.values.secrets
    }
}

/// The renderings; `None` where not all is known yet that they depend on, or something is wrong.
pub(super) fn renderings(
    block: &Block,
    spec: &ChartSpec,
    context: &CompileContext<'_>,
    mistakes: &mut Vec<Diagnostic>,
) -> Option<Renderings> {
    let chart = chart(block, spec, context, mistakes);
    let values = values::values(block, spec, context, mistakes);
    let capabilities = match context.facts.get(&Need::Capabilities)? {
        Fact::Capabilities(found) => found.as_deref(),
        Fact::Unknown(reason) => {
            let message = format!("`{}` cannot be rendered: {reason}", block.address);
            mistakes.push(
                Diagnostic::error(codes::CHART_NOT_RENDERED, message).at(span_of(block, ["chart"]), ""),
            );
            return None;
        }
        _ => return None,
    };
    let first = RenderRequest {
        chart: chart?,
        release: spec.release.clone(),
        namespace: spec.namespace(context).to_owned(),
        values: values.as_ref()?.sent.clone(),
        kubernetes: match capabilities {
            Some(capabilities) => Some(capabilities.version.clone()),
            None => context.defaults.cluster_version.map(str::to_owned),
        },
        apis: apis(capabilities, context),
        with_definitions: spec.with_definitions,
        number: 0,
    };
    Some(Renderings { first, values: values? })
}

/// The chart on this machine.
fn chart(
    block: &Block,
    spec: &ChartSpec,
    context: &CompileContext<'_>,
    mistakes: &mut Vec<Diagnostic>,
) -> Option<LocalChart> {
    match context.facts.get(&Need::Chart(spec.source.clone()))? {
        Fact::Chart(chart) => Some(chart.clone()),
        Fact::Failed(reason) => {
            let message = format!("the chart of `{}` cannot be had: {reason}", block.address);
            mistakes.push(
                Diagnostic::error(codes::CHART_NOT_RENDERED, message).at(span_of(block, ["chart"]), ""),
            );
            None
        }
        _ => None,
    }
}

/// What the cluster serves, and what the configuration defines: after the apply both are there, and the next plan
/// renders the same.
fn apis(capabilities: Option<&Capabilities>, context: &CompileContext<'_>) -> Arc<[String]> {
    let served = capabilities.into_iter().flat_map(|capabilities| &capabilities.apis);
    let all: BTreeSet<&String> = served.chain(context.defined_apis).collect();
    all.into_iter().cloned().collect()
}
