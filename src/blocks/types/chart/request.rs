//! What is asked of Helm.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::ChartSpec;
use super::values::{self, ChartValues, UnknownValue};
use crate::blocks::block_type::CompileContext;
use crate::blocks::codes;
use crate::blocks::facts::{Capabilities, Fact, LiveObject, LocalChart, Need, RenderRequest};
use crate::blocks::keys::span_of;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::kinds::defined_apis;
use crate::resource::{Identity, Target};

/// What must be known before anything can be rendered.
pub(super) fn first_needs(block: &Block, spec: &ChartSpec, context: &CompileContext<'_>) -> Vec<Need> {
    let files = spec.values_files.iter().cloned().map(Need::File);
    let past = Need::Past(block.address.clone());
    let definitions = own_definitions(block, context).into_iter().flatten();
    let first = [Need::Chart(spec.source.clone()), Need::Capabilities, past];
    first.into_iter().chain(files).chain(definitions).collect()
}

/// The definitions that the block has applied, as they are in the cluster; `None` where nobody has looked yet.
fn own_definitions(block: &Block, context: &CompileContext<'_>) -> Option<Vec<Need>> {
    let Fact::Past(past) = context.facts.get(&Need::Past(block.address.clone()))? else { return None };
    let target = |identity: &Identity| Target { identity: identity.clone(), version: Some("v1".to_owned()) };
    Some(past.definitions.iter().map(|identity| Need::Live(target(identity))).collect())
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

    /// The question about what is rendered, as it is applied.
    pub(super) fn first_need(&self) -> Need {
        Need::Rendering(Box::new(self.first.clone()))
    }

    /// What is asked first.
    pub(super) fn first(&self) -> &RenderRequest {
        &self.first
    }

    /// The values without their secrets.
    pub(super) fn open_values(&self) -> &Value {
        &self.values.open
    }

    /// A value that is not known; a placeholder stands for it.
    pub(super) fn unknown(&self) -> Option<&UnknownValue> {
        self.values.unknown.as_ref()
    }

    /// Whether templates look up objects of the cluster.
    pub(super) fn look_up(&self) -> bool {
        self.first.lookup
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
        kubernetes: context.kubernetes().map(str::to_owned),
        apis: apis(block, capabilities, context)?,
        with_definitions: spec.with_definitions,
        lookup: spec.lookup,
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
/// renders the same. What the block itself has brought is not counted: it may bring it only where it is not served.
/// `None` where not all is known yet.
fn apis(
    block: &Block,
    capabilities: Option<&Capabilities>,
    context: &CompileContext<'_>,
) -> Option<Arc<[String]>> {
    let mut brought = BTreeSet::new();
    for need in own_definitions(block, context)? {
        if let Fact::Live(LiveObject::There(live)) = context.facts.get(&need)? {
            brought.extend(defined_apis(&live.object));
        }
    }
    let served = capabilities.into_iter().flat_map(|capabilities| &capabilities.apis);
    let others = served.filter(|api| !brought.contains(*api));
    let all: BTreeSet<&String> = others.chain(context.defined_apis.known_to(&block.address)).collect();
    Some(all.into_iter().cloned().collect())
}
