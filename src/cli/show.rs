//! `regplan show`.

use super::args::ShowArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::plan::{self, Form};
use super::plan_file::NamedPlanFile;

pub(super) fn run(args: &ShowArgs, output: Output) -> Result<Exit, Failure> {
    let named = NamedPlanFile::read(&args.plan_file)?;
    plan::show(&named.file.plan(), &Form::from(&args.form), &|origin| named.place(origin), output)?;
    Ok(Exit::Done)
}
