//! From the configuration to the graph of what is desired.

use std::borrow::Cow;
use std::collections::BTreeSet;

use tracing::{Instrument as _, info_span};

use super::Error;
use super::needs::{self, Outside};
use crate::blocks::{self, Blocks, Facts, SecretInputs};
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::graph::Graph;
use crate::plan;
use crate::resource::BlockAddress;

/// What a configuration comes to.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// Every desired resource, and what it stands on.
    pub graph: Graph,
    /// What is probably not meant.
    pub warnings: Diagnostics,
    /// What the sources of secrets held.
    pub secret_inputs: SecretInputs,
    /// What files hold, where it must be compiled once more with what a cluster and secrets say.
    of_files: Option<Facts>,
}

/// Gathers what the blocks must know, compiles them, and lays the graph.
///
/// # Errors
/// Every mistake of the configuration in one list.
#[tracing::instrument(skip_all, fields(project = config.project, blocks = config.blocks.len()))]
pub async fn compile(config: &Config, outside: &Outside<'_>) -> Result<Compiled, Error> {
    let facts = needs::gather(config, outside).instrument(info_span!("needs")).await;
    of_facts(config, facts)
}

/// Compiles once more with what a cluster and secrets say, where they have a say in it. What files hold is
/// taken from what was compiled before. The secrets of these blocks alone are looked up: for a plan that
/// leaves out the others.
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
    let (graph, mistakes) = graph_of(config, &facts);
    let told = |mistakes| Error::mistakes(config, mistakes);
    let (graph, warnings) = mistakes.or_else_value(graph).map_err(told)?;
    // Without a graph there was a mistake.
    let Some(graph) = graph else { return Err(told(warnings)) };
    plan::check_moves(&config.moves, &graph).map_err(told)?;
    let of_files = (!facts.are_of_files_alone()).then(|| facts.of_files());
    Ok(Compiled { graph, warnings, secret_inputs: facts.secret_inputs, of_files })
}

/// What else is wrong with a configuration whose mistakes are known: what the blocks without one come to, as
/// far as it cannot come of what is missing.
pub(super) async fn further_mistakes(sound: &Config, outside: &Outside<'_>) -> Diagnostics {
    let facts = needs::gather(sound, outside).await;
    let (_, found) = graph_of(sound, &facts);
    let certain =
        found.into_iter().filter(|mistake| mistake.severity == Severity::Error && !is_doubtful(mistake));
    Diagnostics::from(certain.collect::<Vec<_>>())
}

/// The graph, and everything that is wrong with the blocks and with it.
fn graph_of(config: &Config, facts: &Facts) -> (Option<Graph>, Diagnostics) {
    let blocks::CompiledBlocks { resources, mut mistakes } = Blocks::read(config).compile(facts);
    let is_whole = !mistakes.has_errors();
    match Graph::build(resources) {
        Ok(graph) => (is_whole.then_some(graph), mistakes.sorted()),
        Err(found) => {
            // Of objects with mistakes some are missing, and others are there twice.
            mistakes.extend(found.into_iter().filter(|mistake| is_whole || !is_doubtful(mistake)));
            (None, mistakes.sorted())
        }
    }
}

/// Whether the mistake may come from another one, and disappear with it.
fn is_doubtful(mistake: &Diagnostic) -> bool {
    ["unknown-address", "unknown-reference", "duplicate-address"].contains(&mistake.code)
}
