//! `regplan state`: shows the state, or corrects it. Only `rebuild` asks the cluster what is in it.

mod init;
mod list;
mod migrate;
mod mv;
mod open;
mod pull;
mod push;
mod rebuild;
mod rm;
mod show;

use super::args::{Global, StateCommand};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;

pub(super) async fn run(global: &Global, command: StateCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        StateCommand::Init(args) => init::run(global, &args, output).await,
        StateCommand::List(args) => list::run(global, &args, output).await,
        StateCommand::Show(args) => show::run(global, &args, output).await,
        StateCommand::Rebuild(args) => Box::pin(rebuild::run(global, &args, output)).await,
        StateCommand::Pull => pull::run(global, output).await,
        StateCommand::Push(args) => push::run(global, &args, output).await,
        StateCommand::Migrate(args) => migrate::run(global, &args, output).await,
        StateCommand::Rm(args) => rm::run(global, &args, output).await,
        StateCommand::Mv(args) => mv::run(global, &args, output).await,
    }
}
