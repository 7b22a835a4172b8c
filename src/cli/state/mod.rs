//! `regplan state`: shows the state, or corrects it. None of its commands asks the cluster.

mod list;
mod mv;
mod open;
mod rm;
mod show;

use super::args::{Global, StateCommand};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;

pub(super) async fn run(global: &Global, command: StateCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        StateCommand::List(args) => list::run(global, &args, output).await,
        StateCommand::Show(args) => show::run(global, &args, output).await,
        StateCommand::Rm(args) => rm::run(global, &args, output).await,
        StateCommand::Mv(args) => mv::run(global, &args, output).await,
    }
}
