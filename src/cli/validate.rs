//! `regplan validate`.

use super::args::Global;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::session;
use crate::report::{Label, Styled};

pub(super) async fn run(global: &Global, output: Output) -> Result<Exit, Failure> {
    let (config, graph) = session::offline(global, output).await?;
    let resources = match graph.order().len() {
        1 => "1 resource".to_owned(),
        count => format!("{count} resources"),
    };
    let mut text = Styled::default();
    text.line(Label::Plain, format!("The configuration of `{}` is valid: {resources}.", config.project));
    output.note(&text)?;
    Ok(Exit::Done)
}
