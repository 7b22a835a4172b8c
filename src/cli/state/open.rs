//! The state that a command looks at or corrects, and the resources that it names.

use crate::cli::args::Global;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::project;
use crate::config::Config;
use crate::resource::Address;
use crate::state::{State, Store};

/// Reads the state without a lock: another process may write it meanwhile.
pub(super) async fn read_state(global: &Global, output: Output) -> Result<State, Failure> {
    let project = project::load_offline(global, output).await?;
    Ok(project.view_state().await?.state)
}

/// Locks the state for writing.
pub(super) async fn lock_state(
    global: &Global,
    command: &str,
    output: Output,
) -> Result<(Config, Store), Failure> {
    let project = project::load_offline(global, output).await?;
    let store = project.lock_state(command).await?;
    Ok((project.config, store))
}

/// The resources that an address names; the address of a block names all of its objects.
pub(super) fn named(state: &State, address: &Address) -> Result<Vec<Address>, Failure> {
    let found: Vec<Address> =
        state.resources.keys().filter(|known| known.is_meant_by(address)).cloned().collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let help = address.suggest(state.resources.keys(), "it knows no resources");
    Err(Failure::message(format!("the state knows no `{address}`")).help(help))
}
