//! `regplan validate`.

use super::args::Global;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::project;
use crate::report::{Label, Styled};

pub(super) async fn run(global: &Global, output: Output) -> Result<Exit, Failure> {
    let (project, compiled) = project::compile(global, output).await?;
    let resources = match compiled.graph.len() {
        1 => "1 resource".to_owned(),
        count => format!("{count} resources"),
    };
    let mut text = Styled::default();
    text.line(
        Label::Plain,
        format!("The configuration of `{}` is valid: {resources}.", project.config.project),
    );
    output.note(&text)?;
    Ok(Exit::Done)
}
