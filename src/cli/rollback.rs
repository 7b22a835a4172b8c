//! `regplan rollback`.

use std::path::Path;

use super::args::{Global, RollbackArgs, RunArgs};
use super::carry_out::{self, Approver, Failures};
use super::destination;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::plan::{self, Form};
use super::plan_file;
use super::project;
use super::settings;
use crate::engine::{PlanRequest, Settings};
use crate::plan::Mode;
use crate::report::SourceLine;

pub(super) async fn run(global: &Global, args: &RollbackArgs, output: Output) -> Result<Exit, Failure> {
    let revision = if let Some(revision) = args.revision {
        revision
    } else {
        let project = project::load_without_blocks(global, Settings::from(global), output)?;
        project.previous_revision().await?
    };
    let asked = settings::request(Mode::Apply, &args.run.planning);
    let request = PlanRequest { revision: Some(revision), ..asked };
    match &args.out {
        Some(path) => keep(global, &args.run, request, path, output).await,
        None => {
            carry_out::run(global, &args.run, request, Approver::Person, Failures::default(), output).await
        }
    }
}

/// Plans the rollback, and keeps the plan in a file.
async fn keep(
    global: &Global,
    args: &RunArgs,
    request: PlanRequest,
    path: &Path,
    output: Output,
) -> Result<Exit, Failure> {
    destination::check_plan_file(path)?;
    let settings = settings::of_planning(global, &args.planning);
    let project = project::load_without_blocks(global, settings, output)?;
    destination::check_beside_state(path, "--out", &project.backend_settings()?)?;
    let workspace = project.open().await?.connect().await?;
    let planned = workspace.plan(request).await?;
    plan::show(&planned.plan, &Form::from(args), &SourceLine::within(&workspace.config().sources), output)?;
    plan_file::keep(path, &workspace, &planned, output).await?;
    Ok(if planned.plan.refusals.is_empty() { Exit::Done } else { Exit::Failed })
}
