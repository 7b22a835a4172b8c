//! `regplan state`: looks into the state, or corrects it. None of it asks the cluster.

mod list;
mod mv;
mod rm;
mod show;

use super::args::{Global, StateCommand};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::session::{self, Access, StateAccess};
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

/// The state as it is, whoever writes it meanwhile.
async fn seen(global: &Global, output: Output) -> Result<State, Failure> {
    let config = session::configuration(global, output).await?;
    let state_access = session::remember(&config, Access::Read).await?;
    Ok(state_access.state().clone())
}

/// The state, locked to be written.
async fn held(
    global: &Global,
    command: &'static str,
    output: Output,
) -> Result<(Config, Box<Store>), Failure> {
    let config = session::configuration(global, output).await?;
    match session::remember(&config, Access::Write { command }).await? {
        StateAccess::Held(store) => Ok((config, store)),
        StateAccess::Seen(_) => Err(Failure::message("the state is not held to be written")),
    }
}

/// The resources that an address names; a block's address stands for all of its objects.
fn named(state: &State, address: &Address) -> Result<Vec<Address>, Failure> {
    let found: Vec<Address> =
        state.resources.keys().filter(|known| known.is_meant_by(address)).cloned().collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let help = address.suggest(state.resources.keys(), "it knows no resources");
    Err(Failure::message(format!("the state knows no `{address}`")).help(help))
}
