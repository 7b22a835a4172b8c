//! Compiles a configuration to the graph of the desired resources.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use tracing::{Instrument as _, info_span};

use super::Error;
use super::needs::{self, Outside};
use super::own_state;
use crate::blocks::{self, Blocks, Facts, SecretInputs};
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::graph::Graph;
use crate::plan;
use crate::resource::{BlockAddress, KeyFact};

/// The result of compiling a configuration.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// Every desired resource, with its dependencies.
    pub graph: Graph,
    /// What a reader of a plan wants to know first of each block.
    pub key_facts: BTreeMap<BlockAddress, Vec<KeyFact>>,
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

/// Compiles once more with facts of the cluster and with secrets, where the blocks need any. Facts from files
/// are taken from the first time. With `blocks`, only the secrets of these blocks are looked up, for a plan
/// that leaves out the others.
///
/// # Errors
/// Every mistake of the configuration in one list.
#[tracing::instrument(skip_all, fields(project = config.project, secrets_of = blocks.map(BTreeSet::len)))]
pub async fn complete<'c>(
    config: &Config,
    outline: &'c Compiled,
    blocks: Option<&BTreeSet<BlockAddress>>,
    outside: &Outside<'_>,
) -> Result<Cow<'c, Compiled>, Error> {
    let Some(of_files) = &outline.of_files else { return Ok(Cow::Borrowed(outline)) };
    let facts = needs::gather_within(config, blocks, of_files.clone(), outside);
    let facts = facts.instrument(info_span!("needs")).await;
    of_facts(config, facts).map(Cow::Owned)
}

fn of_facts(config: &Config, facts: Facts) -> Result<Compiled, Error> {
    let (graph, key_facts, mistakes) = graph_of(config, &facts);
    let as_error = |mistakes| Error::mistakes(config, mistakes);
    let (graph, warnings) = mistakes.or_else_value(graph).map_err(as_error)?;
    // There is no graph only where there was a mistake.
    let Some(graph) = graph else { return Err(as_error(warnings)) };
    plan::check_moves(&config.moves, &graph).map_err(as_error)?;
    let of_files = (!facts.are_of_files_alone()).then(|| facts.of_files());
    Ok(Compiled { graph, key_facts, warnings, secret_inputs: facts.secret_inputs, of_files })
}

/// The further mistakes of a configuration that has some: those of the blocks without a mistake (`sound`),
/// unless they may come from what is missing.
pub(super) async fn further_mistakes(sound: &Config, outside: &Outside<'_>) -> Diagnostics {
    let facts = needs::gather(sound, outside).await;
    let (_, _, found) = graph_of(sound, &facts);
    let certain =
        found.into_iter().filter(|mistake| mistake.severity == Severity::Error && !is_doubtful(mistake));
    Diagnostics::from(certain.collect::<Vec<_>>())
}

/// The graph and the key facts, with all mistakes of the blocks and of the graph; no graph where one is an error.
fn graph_of(
    config: &Config,
    facts: &Facts,
) -> (Option<Graph>, BTreeMap<BlockAddress, Vec<KeyFact>>, Diagnostics) {
    let blocks::CompiledBlocks { resources, key_facts, mut mistakes } = Blocks::read(config).compile(facts);
    let is_whole = !mistakes.has_errors();
    let graph = match Graph::build(resources) {
        Ok(graph) => {
            mistakes.extend(own_state::owners(config, &graph));
            is_whole.then_some(graph)
        }
        Err(found) => {
            // Where objects have mistakes, some are missing, and others exist twice.
            mistakes.extend(found.into_iter().filter(|mistake| is_whole || !is_doubtful(mistake)));
            None
        }
    };
    (graph, key_facts, mistakes.sorted())
}

/// Whether the mistake may be caused by another one, and disappear with it.
fn is_doubtful(mistake: &Diagnostic) -> bool {
    ["unknown-address", "unknown-reference", "duplicate-address"].contains(&mistake.code)
}
