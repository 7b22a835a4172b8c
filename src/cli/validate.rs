//! `regplan validate`.

use super::args::Global;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::project;
use crate::report::{Label, Styled, plural};

pub(super) async fn run(global: &Global, output: Output) -> Result<Exit, Failure> {
    let (project, compiled) = project::compile(global, output).await?;
    let count = compiled.graph.len();
    let resources = plural(count, "resource", "resources");
    let mut text = Styled::default();
    text.line(
        Label::Plain,
        format!("The configuration of `{}` is valid: {count} {resources}.", project.config.project),
    );
    output.note(&text)?;
    Ok(Exit::Done)
}
