//! From the configuration to the graph of what is desired.

use std::collections::BTreeSet;

use super::Error;
use super::needs::{self, Outside};
use crate::blocks::{self, Given};
use crate::config::Config;
use crate::diagnostic::Diagnostics;
use crate::graph::Graph;
use crate::plan;
use crate::resource::BlockAddress;

/// What a configuration comes to.
#[derive(Debug)]
pub struct Compiled {
    /// Every desired resource, and what it stands on.
    pub graph: Graph,
    /// What is probably not meant.
    pub warnings: Diagnostics,
    /// What secrets were given with.
    pub given: Given,
}

/// Gathers what the blocks must know, compiles them, and lays the graph.
///
/// # Errors
/// Every mistake of the configuration in one list.
pub async fn compile(config: &Config, outside: &Outside<'_>) -> Result<Compiled, Error> {
    compile_within(config, None, outside).await
}

/// Compiles all blocks, but looks up the secrets of these alone: for a plan that leaves out the others.
///
/// # Errors
/// Every mistake of the configuration in one list.
pub async fn compile_within(
    config: &Config,
    blocks: Option<&BTreeSet<BlockAddress>>,
    outside: &Outside<'_>,
) -> Result<Compiled, Error> {
    let facts = needs::gather_within(config, blocks, outside).await;
    let blocks::Compiled { resources, warnings } = blocks::compile(config, &facts)?;
    let graph = Graph::build(resources)?;
    plan::check_moves(&config.moves, &graph)?;
    Ok(Compiled { graph, warnings, given: facts.given })
}
