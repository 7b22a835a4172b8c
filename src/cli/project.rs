//! The first step of most commands: loads the configuration, and shows its warnings.

use super::args::Global;
use super::diagnostics;
use super::failure::Failure;
use super::host::host;
use super::output::Output;
use super::settings;
use crate::engine::{self, Compiled, Project, Settings};

/// Reads and checks the configuration, and shows its warnings.
pub(super) async fn load(global: &Global, settings: Settings, output: Output) -> Result<Project, Failure> {
    let project = engine::load(&settings::inputs(global)?, settings, host(output)).await?;
    diagnostics::show_warnings(&project.config.sources, &project.warnings, output)?;
    Ok(project)
}

/// The same without the blocks of the configuration, for a command that works on the state alone.
pub(super) fn load_without_blocks(
    global: &Global,
    settings: Settings,
    output: Output,
) -> Result<Project, Failure> {
    let inputs = settings::inputs(global)?;
    let project = engine::load_without_blocks(&inputs, settings, host(output))?;
    diagnostics::show_warnings(&project.config.sources, &project.warnings, output)?;
    Ok(project)
}

/// The same for a command that asks no cluster.
pub(super) async fn load_offline(global: &Global, output: Output) -> Result<Project, Failure> {
    load(global, Settings::from(global), output).await
}

/// The same, and compiles it without a cluster and without secrets.
pub(super) async fn compile(global: &Global, output: Output) -> Result<(Project, Compiled), Failure> {
    let project = load_offline(global, output).await?;
    let compiled = project.compile().await?;
    diagnostics::show_warnings(&project.config.sources, &compiled.warnings, output)?;
    Ok((project, compiled))
}
