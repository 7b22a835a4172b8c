//! `regplan state`: shows the state, or corrects it. None of its commands asks the cluster.

mod list;
mod mv;
mod rm;
mod show;

use super::args::{Global, StateCommand};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::project;
use crate::config::Config;
use crate::resource::Address;
use crate::state::{State, Store};

pub(super) async fn run(global: &Global, command: StateCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        StateCommand::List(args) => list::run(global, &args, output).await,
        StateCommand::Show(args) => show::run(global, &args, output).await,
        StateCommand::Rm(args) => rm::run(global, &args, output).await,
        StateCommand::Mv(args) => mv::run(global, &args, output).await,
    }
}

/// Reads the state without a lock: another process may write it meanwhile.
async fn read_state(global: &Global, output: Output) -> Result<State, Failure> {
    let project = project::load_offline(global, output).await?;
    Ok(project.view_state().await?.state)
}

/// Locks the state for writing.
async fn lock_state(global: &Global, command: &str, output: Output) -> Result<(Config, Store), Failure> {
    let project = project::load_offline(global, output).await?;
    let store = project.lock_state(command).await?;
    Ok((project.config, store))
}

/// The resources that an address names; the address of a block names all of its objects.
fn named(state: &State, address: &Address) -> Result<Vec<Address>, Failure> {
    let found: Vec<Address> =
        state.resources.keys().filter(|known| known.is_meant_by(address)).cloned().collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let help = address.suggest(state.resources.keys(), "it knows no resources");
    Err(Failure::message(format!("the state knows no `{address}`")).help(help))
}
