//! `regplan plan`.

use super::args::{Format, Global, PlanArgs};
use super::exit::{Exit, Failure};
use super::output::Output;
use super::session::{Access, Session};
use crate::plan::{Mode, Plan};
use crate::report;

pub(super) async fn run(global: &Global, args: &PlanArgs, output: Output) -> Result<Exit, Failure> {
    let session = Session::open(global, &args.planning, Access::Read, output).await?;
    let mode = if args.destroy { Mode::Destroy } else { Mode::Apply };
    let plan = session.plan(mode, &args.planning, output).await?;
    show(&plan, args.planning.format, output)?;
    Ok(match (plan.refusals.is_empty(), plan.has_changes() && args.detailed_exitcode) {
        (false, _) => Exit::Failed,
        (true, true) => Exit::Changes,
        (true, false) => Exit::Done,
    })
}

/// Prints the plan as data.
pub(super) fn show(plan: &Plan, format: Format, output: Output) -> Result<(), Failure> {
    match format {
        Format::Text => output.data(&report::plan_text(plan))?,
        Format::Json => Output::raw_data(&format!("{:#}\n", report::plan_json(plan)))?,
    }
    Ok(())
}
