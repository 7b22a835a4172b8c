//! `regplan state push`.

use std::fs;

use crate::cli::args::{Global, StatePushArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::project;
use crate::engine::Settings;
use crate::report::{Label, Styled};
use crate::state;

pub(super) async fn run(global: &Global, args: &StatePushArgs, output: Output) -> Result<Exit, Failure> {
    let path = &args.file;
    let bytes = fs::read(path).map_err(|error| {
        Failure::caused(format!("the state file `{}` cannot be read", path.display()), error)
            .help("`regplan state pull > FILE` writes one")
    })?;
    let pushed = state::from_file(path, &bytes)?;
    let project = project::load_without_blocks(global, Settings::from(global), output)?;
    let mut store = project.lock_state("state push").await?;
    store.push(pushed, path).await?;
    let serial = store.state().serial;
    store.close().await?;
    let mut text = Styled::default();
    output
        .note(text.line(Label::Plain, format!("The state is the one of the file, with serial {serial}.")))?;
    Ok(Exit::Done)
}
