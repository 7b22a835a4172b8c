//! `regplan unlock`.

use super::args::{Global, UnlockArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::project;
use crate::engine::Settings;
use crate::report::{Label, Styled, escape};

pub(super) async fn run(global: &Global, args: &UnlockArgs, output: Output) -> Result<Exit, Failure> {
    let project = project::load_without_blocks(global, Settings::from(global), output)?;
    let holder = project.unlock(&args.id).await?;
    let mut text = Styled::default();
    output.note(text.line(Label::Plain, format!("Removed the lock of {}.", escape(&holder.to_string()))))?;
    Ok(Exit::Done)
}
