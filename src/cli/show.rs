//! `regplan show`.

use super::approved::Approved;
use super::args::ShowArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::plan::{self, Form};

pub(super) fn run(args: &ShowArgs, output: Output) -> Result<Exit, Failure> {
    let file = Approved::read(&args.plan_file)?;
    plan::show(&file.plan(), Form::from(&args.form), &|origin| file.place(origin), output)?;
    Ok(Exit::Done)
}
