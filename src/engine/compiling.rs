//! Compiles a configuration to the graph of the desired resources.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tracing::{Instrument as _, info_span};

use super::Error;
use super::needs::{self, Outside, SecretsOf};
use super::own_state;
use crate::blocks::codes::{
    BODY_LIMIT, CHART_NOT_RENDERED, NAMESPACES_NOT_KNOWN, PLAIN_LISTENER, REFUSED_ROUTE, RETIRED_CONTROLLER,
    UNKNOWN_CONTROLLER,
};
use crate::blocks::{Blocks, CompiledBlocks, CompiledOutput, Fact, Facts, Need, SecretInputs};
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::graph::Graph;
use crate::plan;
use crate::resource::{Address, BlockAddress, Desired, KeyFact, NamespaceSelection, Reference};

/// The result of compiling a configuration.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// Every desired resource, with its dependencies.
    pub graph: Graph,
    /// What a reader of a plan wants to know first of each block.
    pub key_facts: BTreeMap<BlockAddress, Vec<KeyFact>>,
    /// Which namespaces blocks choose by their labels.
    pub selections: Vec<NamespaceSelection>,
    /// What `[output.NAME]` gives, as far as it is known.
    pub outputs: Vec<CompiledOutput>,
    /// What runs only when somebody looks whether a block works.
    pub tests: Vec<Arc<Desired>>,
    /// Warnings: what is allowed, and probably not meant.
    pub warnings: Diagnostics,
    /// The values of the sources of secrets.
    pub secret_inputs: SecretInputs,
    /// The facts from files, where the configuration must be compiled once more with facts of a cluster.
    of_files: Option<Facts>,
}

impl Compiled {
    /// A graph that no block was compiled to.
    pub(super) fn of(graph: Graph) -> Self {
        Self {
            graph,
            key_facts: BTreeMap::new(),
            selections: Vec::new(),
            outputs: Vec::new(),
            tests: Vec::new(),
            warnings: Diagnostics::default(),
            secret_inputs: SecretInputs::default(),
            of_files: None,
        }
    }
}

/// Gathers the facts that the blocks need, compiles them, and builds the graph.
///
/// # Errors
/// Every mistake of the configuration in one list.
#[tracing::instrument(skip_all, fields(project = config.project, blocks = config.blocks.len()))]
pub async fn compile(config: &Config, outside: &Outside<'_>) -> Result<Compiled, Error> {
    let facts = needs::gather(config, outside).instrument(info_span!("needs")).await;
    of_facts(config, facts)
}

/// The same for a plan, before its cluster is asked.
///
/// A chart may depend on what the cluster serves, and a pull secret on its namespaces. What cannot be told without the
/// cluster is no mistake yet: its objects are missing, and nothing is said about what may refer to them.
///
/// # Errors
/// Every other mistake of the configuration in one list.
#[tracing::instrument(name = "compile", skip_all, fields(project = config.project, blocks = config.blocks.len()))]
pub(super) async fn outline(config: &Config, outside: &Outside<'_>) -> Result<Compiled, Error> {
    let facts = needs::gather(config, outside).instrument(info_span!("needs")).await;
    let blocks = Blocks::read(config).compile(&facts);
    let is_later = |mistake: &Diagnostic| [CHART_NOT_RENDERED, NAMESPACES_NOT_KNOWN].contains(&mistake.code);
    if !blocks.mistakes.iter().any(is_later) {
        return of_blocks(config, facts, blocks);
    }
    let blocks = without(config, blocks, is_later);
    let (graph, CompiledBlocks { key_facts, selections, outputs, tests, mistakes, .. }) =
        graph_of(config, blocks);
    let as_error = |mistakes| Error::mistakes(config, mistakes);
    let (graph, warnings) = mistakes.or_else_value(graph).map_err(as_error)?;
    let Some(graph) = graph else { return Err(as_error(warnings)) };
    let secret_inputs = facts.secret_inputs.clone();
    let tests = tests.into_iter().map(Arc::new).collect();
    Ok(Compiled {
        graph,
        key_facts,
        selections,
        outputs,
        tests,
        warnings,
        secret_inputs,
        of_files: Some(facts.of_files()),
    })
}

/// Whether a chart could not be rendered.
fn is_of_a_chart(mistake: &Diagnostic) -> bool {
    mistake.code == CHART_NOT_RENDERED
}

/// Whether it is about an object of others in the cluster, or about who serves there. It does not stand against deleting what
/// leads there, and whoever deletes that has not asked about it.
fn is_of_the_cluster(mistake: &Diagnostic) -> bool {
    [PLAIN_LISTENER, REFUSED_ROUTE, UNKNOWN_CONTROLLER, RETIRED_CONTROLLER, BODY_LIMIT]
        .contains(&mistake.code)
}

/// The blocks without what is wrong with some of them. The objects of these are missing, and nothing is said about what may
/// refer to them: it waits for nothing, and what needs a value of theirs is missing as well.
fn without(
    config: &Config,
    mut blocks: CompiledBlocks,
    is_left_out: impl Fn(&Diagnostic) -> bool,
) -> CompiledBlocks {
    let missing = Missing::of(config, &blocks);
    blocks.resources.retain(|desired| !missing.gives_to(desired));
    for desired in &mut blocks.resources {
        desired.depends_on.retain(|(address, _)| !missing.has(address));
        desired.lifecycle.replace_triggered_by.retain(|address| !missing.has(address));
    }
    let certain =
        blocks.mistakes.into_iter().filter(|mistake| !is_left_out(mistake) && !is_doubtful(mistake));
    blocks.mistakes = Diagnostics::from(certain.collect::<Vec<_>>());
    blocks
}

/// The blocks of a configuration that have no objects.
struct Missing(BTreeSet<BlockAddress>);

impl Missing {
    fn of(config: &Config, blocks: &CompiledBlocks) -> Self {
        let there: BTreeSet<&BlockAddress> =
            blocks.resources.iter().map(|desired| &desired.address.block).collect();
        let all = config.blocks.iter().map(|block| &block.address);
        Self(all.filter(|address| !there.contains(address)).cloned().collect())
    }

    /// Whether the address is that of such a block, or of an object of one.
    fn has(&self, address: &Address) -> bool {
        self.0.contains(&address.block)
    }

    /// Whether the object takes a value of an object of such a block.
    fn gives_to(&self, desired: &Desired) -> bool {
        let references = desired.unresolved.iter().flat_map(|(_, expression)| expression.references());
        let mut live = references.filter_map(|reference| match reference {
            Reference::Live(live) => Some(&live.text),
            Reference::Secret(_) | Reference::Variable(_) => None,
        });
        live.any(|text| self.0.iter().any(|block| text.starts_with(&format!("{block}/"))))
    }

    /// Whether the object cannot be planned without such a block.
    fn is_needed_by(&self, desired: &Desired) -> bool {
        let before = desired.depends_on.iter().map(|(address, _)| address);
        let mut named = before.chain(&desired.lifecycle.replace_triggered_by);
        self.gives_to(desired) || named.any(|address| self.has(address))
    }
}

/// Which charts a plan is about. It does without the others where they cannot be rendered.
#[derive(Debug, Clone, Copy)]
pub enum Charts<'a> {
    /// All of them.
    All,
    /// Those that these blocks need.
    NeededBy(&'a BTreeSet<BlockAddress>),
    /// None: what is deleted was applied, whatever it would be now.
    None(Deleted),
}

/// What a destroy deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// All objects of the configuration.
    Everything,
    /// Those that are named, and what stands on them. What that is follows from the graph, so the graph is that of an apply.
    Targets,
}

impl Charts<'_> {
    /// Whether the plan can do without all blocks that have no objects.
    fn do_without(self, config: &Config, blocks: &CompiledBlocks) -> bool {
        let needed = match self {
            Self::All => return false,
            Self::None(_) => return true,
            Self::NeededBy(needed) => needed,
        };
        let missing = Missing::of(config, blocks);
        let mut planned = blocks.resources.iter().filter(|desired| needed.contains(&desired.address.block));
        missing.0.is_disjoint(needed) && !planned.any(|desired| missing.is_needed_by(desired))
    }
}

/// Compiles once more with facts of the cluster and with secrets, where the blocks need any. Facts from files
/// are taken from the first time.
///
/// # Errors
/// Every mistake of the configuration in one list.
#[tracing::instrument(skip_all, fields(project = config.project, ?secrets_of))]
pub async fn complete<'c>(
    config: &Config,
    outline: &'c Compiled,
    secrets_of: SecretsOf<'_>,
    charts: Charts<'_>,
    outside: &Outside<'_>,
) -> Result<Cow<'c, Compiled>, Error> {
    let Some(of_files) = &outline.of_files else { return Ok(Cow::Borrowed(outline)) };
    let mut known = of_files.clone();
    if matches!(charts, Charts::None(Deleted::Everything)) {
        known.insert(Need::IngressClasses, Fact::NotWanted);
    }
    let facts = needs::gather_within(config, secrets_of, known, outside);
    let facts = facts.instrument(info_span!("needs")).await;
    let mut blocks = Blocks::read(config).compile(&facts);
    if blocks.mistakes.iter().any(is_of_a_chart) && charts.do_without(config, &blocks) {
        blocks = without(config, blocks, is_of_a_chart);
    }
    if matches!(charts, Charts::None(_)) {
        let mistakes = blocks.mistakes.into_iter().filter(|mistake| !is_of_the_cluster(mistake));
        blocks.mistakes = Diagnostics::from(mistakes.collect::<Vec<_>>());
    }
    of_blocks(config, facts, blocks).map(Cow::Owned)
}

fn of_facts(config: &Config, facts: Facts) -> Result<Compiled, Error> {
    let blocks = Blocks::read(config).compile(&facts);
    of_blocks(config, facts, blocks)
}

fn of_blocks(config: &Config, facts: Facts, blocks: CompiledBlocks) -> Result<Compiled, Error> {
    let (graph, CompiledBlocks { key_facts, selections, outputs, tests, mistakes, .. }) =
        graph_of(config, blocks);
    let as_error = |mistakes| Error::mistakes(config, mistakes);
    let (graph, warnings) = mistakes.or_else_value(graph).map_err(as_error)?;
    // There is no graph only where there was a mistake.
    let Some(graph) = graph else { return Err(as_error(warnings)) };
    plan::check_moves(&config.moves, &graph).map_err(as_error)?;
    plan::imported(&config.imports, &graph).map_err(as_error)?;
    let needs_more = !facts.are_of_files_alone() || outputs.iter().any(|output| output.unknown.is_some());
    let of_files = needs_more.then(|| facts.of_files());
    let tests = tests.into_iter().map(Arc::new).collect();
    let secret_inputs = facts.secret_inputs;
    Ok(Compiled { graph, key_facts, selections, outputs, tests, warnings, secret_inputs, of_files })
}

/// The further mistakes of a configuration that has some: those of the blocks without a mistake (`sound`),
/// unless they may come from what is missing.
pub(super) async fn further_mistakes(sound: &Config, outside: &Outside<'_>) -> Diagnostics {
    let facts = needs::gather(sound, outside).await;
    let (_, blocks) = graph_of(sound, Blocks::read(sound).compile(&facts));
    let certain = blocks
        .mistakes
        .into_iter()
        .filter(|mistake| mistake.severity == Severity::Error && !is_doubtful(mistake));
    Diagnostics::from(certain.collect::<Vec<_>>())
}

/// The graph, and what came of the blocks, with all mistakes of both; no graph where one is an error.
fn graph_of(config: &Config, mut blocks: CompiledBlocks) -> (Option<Graph>, CompiledBlocks) {
    let is_whole = !blocks.mistakes.has_errors();
    let graph = match Graph::build(std::mem::take(&mut blocks.resources)) {
        Ok(graph) => {
            blocks.mistakes.extend(own_state::owners(config, &graph));
            is_whole.then_some(graph)
        }
        Err(found) => {
            // Where objects have mistakes, some are missing, and others exist twice.
            blocks.mistakes.extend(found.into_iter().filter(|mistake| is_whole || !is_doubtful(mistake)));
            None
        }
    };
    blocks.mistakes = std::mem::take(&mut blocks.mistakes).sorted();
    (graph, blocks)
}

/// Whether the mistake may be caused by another one, and disappear with it.
fn is_doubtful(mistake: &Diagnostic) -> bool {
    ["unknown-address", "unknown-reference", "duplicate-address"].contains(&mistake.code)
}
