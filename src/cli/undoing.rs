//! `--rollback-on-failure`: what a run wrote is undone where a part of it fails.

use std::collections::BTreeSet;

use super::applying::apply;
use super::args::{Format, RunArgs};
use super::failure::Failure;
use super::output::Output;
use super::plan::{self, Form};
use super::wording::note;
use crate::apply::{Report, Stop};
use crate::engine::{Approval, Undo, Undoing, Workspace};
use crate::plan::Plan;
use crate::report::{self, Ending, SourceLine, plural};
use crate::state::Store;

/// Undoes what a failed run has written, and says how that has ended.
pub(super) async fn run(
    workspace: &mut Workspace<Store>,
    undo: &Undo,
    report: &Report,
    args: &RunArgs,
    stop: &Stop,
    output: Output,
) -> Result<Ending, Failure> {
    let Some(Undoing { planned, staying }) = workspace.plan_undo(undo, report).await? else {
        return Ok(Ending::Undone { staying: BTreeSet::new() });
    };
    output.message(&note("undoing what this run wrote:"))?;
    let shown = show(&planned.plan, workspace, args, output);
    Failure::unless_closed(shown)?;
    let applicable = planned.applicable(&Approval::Caller)?;
    let report = apply(workspace, &applicable, args.format, stop, output).await?;
    let ending = if report.is_complete() { Ending::Undone { staying } } else { Ending::NotUndone };
    output.message(&note(ended(&ending)))?;
    Ok(ending)
}

/// Shows the plan of the undo. Among the events of a run, it is one of them.
fn show(plan: &Plan, workspace: &Workspace<Store>, args: &RunArgs, output: Output) -> Result<(), Failure> {
    let places = SourceLine::within(&workspace.config().sources);
    match args.format {
        Format::Text => plan::show(plan, &Form::from(args), &places, output),
        Format::Json => Ok(Output::json_line(&report::undoing_json(plan, &places))?),
    }
}

/// What has become of what a run wrote.
fn ended(ending: &Ending) -> String {
    let Ending::Undone { staying } = ending else {
        return "not all of what this run wrote was undone.".to_owned();
    };
    let names: Vec<String> = staying.iter().map(ToString::to_string).collect();
    match names.len() {
        0 => "what this run wrote is undone.".to_owned(),
        count => format!(
            "what this run wrote is undone, but for {count} {}: {}.",
            plural(count, "resource that stays", "resources that stay"),
            names.join(", ")
        ),
    }
}
