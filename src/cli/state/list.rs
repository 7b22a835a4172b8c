//! `regplan state list`.

use super::open::read_state;
use crate::cli::args::{Format, Global, StateListArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::report::{self, Label, Styled, escape};

pub(super) async fn run(global: &Global, args: &StateListArgs, output: Output) -> Result<Exit, Failure> {
    let state = read_state(global, output).await?;
    match args.format {
        Format::Text => {
            let width = state.resources.keys().map(|address| address.to_string().chars().count()).max();
            let width = width.unwrap_or_default();
            let mut text = Styled::default();
            for (address, resource) in &state.resources {
                text.push(Label::Strong, format!("{:width$}", address.to_string()));
                text.line(Label::Dim, format!("  {}", escape(&resource.identity.to_string())));
            }
            output.data(&text)?;
        }
        Format::Json => Output::json(&format!("{:#}\n", report::state_list_json(&state)))?,
    }
    Ok(Exit::Done)
}
