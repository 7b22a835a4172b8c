//! `regplan schema`.

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use crate::{blocks, config};

pub(super) fn run() -> Result<Exit, Failure> {
    let schema = config::schema(&blocks::schemas());
    Output::raw_data(&format!("{schema:#}\n"))?;
    Ok(Exit::Done)
}
