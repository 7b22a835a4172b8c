//! `regplan graph`.

use super::args::{Global, GraphArgs, GraphFormat};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::project;
use crate::graph;
use crate::report;

pub(super) async fn run(global: &Global, args: &GraphArgs, output: Output) -> Result<Exit, Failure> {
    let (_, compiled) = project::compile(global, output).await?;
    let text = match args.format {
        GraphFormat::Dot => graph::dot(&compiled.graph),
        GraphFormat::Mermaid => graph::mermaid(&compiled.graph),
    };
    // Kubernetes takes no such names; a configuration may hold them all the same.
    Output::raw_data(&report::escape_lines(&text))?;
    Ok(Exit::Done)
}
