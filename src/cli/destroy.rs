//! `regplan destroy`.

use super::apply;
use super::args::{ApplyArgs, Global};
use super::exit::{Exit, Failure};
use super::output::Output;
use crate::plan::Mode;

pub(super) async fn run(global: &Global, args: &ApplyArgs, output: Output) -> Result<Exit, Failure> {
    apply::carry_out(global, args, Mode::Destroy, output).await
}
