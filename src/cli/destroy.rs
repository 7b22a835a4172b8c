//! `regplan destroy`.

use super::apply::{self, Approval};
use super::args::{Global, RunArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use crate::plan::Mode;

pub(super) async fn run(global: &Global, args: &RunArgs, output: Output) -> Result<Exit, Failure> {
    apply::carry_out(global, args, Mode::Destroy, Approval::Asked, output).await
}
