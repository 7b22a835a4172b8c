//! `regplan destroy`.

use super::args::{Global, RunArgs};
use super::carry_out::{self, Approver, Failures};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::settings;
use crate::plan::Mode;

pub(super) async fn run(global: &Global, args: &RunArgs, output: Output) -> Result<Exit, Failure> {
    let request = settings::request(Mode::Destroy, &args.planning);
    carry_out::run(global, args, request, Approver::Person, Failures::default(), output).await
}
