//! `regplan rollback`.

use std::path::Path;

use super::args::{Global, RollbackArgs, RunArgs};
use super::carry_out::{self, Approver, Failures, Wanted};
use super::destination;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::plan::{self, Form};
use super::plan_file;
use super::project;
use super::settings;
use crate::engine::PlanRequest;
use crate::plan::Mode;
use crate::report::SourceLine;

pub(super) async fn run(global: &Global, args: &RollbackArgs, output: Output) -> Result<Exit, Failure> {
    let asked = settings::request(Mode::Apply, &args.run.planning);
    let wanted = match args.revision {
        Some(revision) => Wanted::Request(PlanRequest { revision: Some(revision), ..asked }),
        None => Wanted::PreviousRevision(asked),
    };
    match &args.out {
        Some(path) => keep(global, &args.run, wanted, path, output).await,
        None => {
            carry_out::run(global, &args.run, wanted, Approver::Person, Failures::default(), output).await
        }
    }
}

/// Plans the rollback, and keeps the plan in a file.
async fn keep(
    global: &Global,
    args: &RunArgs,
    wanted: Wanted,
    path: &Path,
    output: Output,
) -> Result<Exit, Failure> {
    destination::check_plan_file(path)?;
    let settings = settings::of_planning(global, &args.planning);
    let project = project::load_without_blocks(global, settings, output)?;
    destination::check_beside_state(path, "--out", &project.backend_settings()?)?;
    let workspace = project.open().await?.connect().await?;
    let planned = workspace.plan(wanted.request(&workspace).await?).await?;
    let sources = SourceLine::within(&workspace.config().sources);
    Failure::unless_closed(plan::show(&planned.plan, &Form::from(args), &sources, output))?;
    plan_file::keep(path, &workspace, &planned, output).await?;
    Ok(if planned.plan.is_blocked() { Exit::Failed } else { Exit::Done })
}
