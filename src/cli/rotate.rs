//! `regplan rotate`.

use super::args::{Global, RotateArgs};
use super::carry_out::{self, Approver, Failures};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::settings;
use crate::plan::Mode;

pub(super) async fn run(global: &Global, args: &RotateArgs, output: Output) -> Result<Exit, Failure> {
    let request = settings::request(Mode::Apply, &args.run.planning).rotating(args.chart.clone());
    carry_out::run(global, &args.run, request, Approver::Person, Failures::default(), output).await
}
