//! `regplan graph`.

use super::args::{Global, GraphArgs, GraphFormat};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::session;
use crate::graph;

pub(super) async fn run(global: &Global, args: &GraphArgs, output: Output) -> Result<Exit, Failure> {
    let (_, graph) = session::offline(global, output).await?;
    let text = match args.format {
        GraphFormat::Dot => graph::dot(&graph),
        GraphFormat::Mermaid => graph::mermaid(&graph),
    };
    Output::raw_data(&text)?;
    Ok(Exit::Done)
}
