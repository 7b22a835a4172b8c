//! `regplan state pull`.

use crate::cli::args::Global;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::project;
use crate::engine::Settings;

pub(super) async fn run(global: &Global, output: Output) -> Result<Exit, Failure> {
    let project = project::load_without_blocks(global, Settings::from(global), output)?;
    let text = project.state_file().await?;
    Output::raw_data(&text)?;
    Ok(Exit::Done)
}
