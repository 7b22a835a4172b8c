//! `regplan plan`.

use super::approved;
use super::args::{Format, Global, PlanArgs, PlanningArgs};
use super::exit::{Exit, Failure};
use super::output::Output;
use super::session::{Access, Session};
use crate::approval::Asked;
use crate::plan::{Mode, Plan};
use crate::report::{self, Label, Styled};

pub(super) async fn run(global: &Global, args: &PlanArgs, output: Output) -> Result<Exit, Failure> {
    let session = Session::open(global, &args.planning, Access::Read, output).await?;
    let mode = if args.destroy { Mode::Destroy } else { Mode::Apply };
    let planned = session.plan(mode, &args.planning, output).await?;
    let plan = &planned.plan;
    show(plan, args.planning.format, output)?;
    if let Some(path) = &args.out {
        approved::keep(path, &session, &planned, asked(mode, &args.planning), output).await?;
    } else if plan.refusals.is_empty() && plan.has_changes() {
        let mut text = Styled::default();
        output.note(text.line(Label::Dim, format!("Digest of this plan: {}", plan.digest)))?;
    }
    Ok(match (plan.refusals.is_empty(), plan.has_changes() && args.detailed_exitcode) {
        (false, _) => Exit::Failed,
        (true, true) => Exit::Changes,
        (true, false) => Exit::Done,
    })
}

fn asked(mode: Mode, planning: &PlanningArgs) -> Asked {
    Asked {
        mode,
        targets: planning.target.clone(),
        replace: planning.replace.clone(),
        adopt: planning.adopt.clone(),
        consent: planning.consent.clone(),
    }
}

/// Prints the plan as data.
pub(super) fn show(plan: &Plan, format: Format, output: Output) -> Result<(), Failure> {
    match format {
        Format::Text => output.data(&report::plan_text(plan))?,
        Format::Json => Output::raw_data(&format!("{:#}\n", report::plan_json(plan)))?,
    }
    Ok(())
}
