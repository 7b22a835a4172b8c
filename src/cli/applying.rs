//! Applies a plan, and shows what happens meanwhile and how it ends.

use super::args::Format;
use super::failure::Failure;
use super::output::Output;
use super::progress::Progress;
use crate::apply::{Report, Stop};
use crate::engine::{Applicable, Workspace};
use crate::report;
use crate::state::Store;

/// Applies the plan. The report of what was done is shown to people; programs have the events.
pub(super) async fn apply(
    workspace: &mut Workspace<Store>,
    applicable: &Applicable<'_>,
    format: Format,
    stop: &Stop,
    output: Output,
) -> Result<Report, Failure> {
    let progress = Progress::new(format, output);
    let emit = |event| progress.show(&event);
    let result = workspace.apply(applicable, &emit, stop).await;
    progress.finish();
    let report = result?;
    if format == Format::Text {
        let text = report::report_text(&report);
        if report.is_complete() { output.note(&text) } else { output.message(&text) }?;
    }
    Ok(report)
}
