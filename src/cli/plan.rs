//! `regplan plan`.

use super::args::{FormArgs, Format, Global, PlanArgs, PlanFormat};
use super::exit::{Exit, Failure};
use super::output::Output;
use super::session::{Access, Session};
use crate::diagnostic::Sources;
use crate::plan::{Mode, Plan};
use crate::report::{self, Page, Place};

pub(super) async fn run(global: &Global, args: &PlanArgs, output: Output) -> Result<Exit, Failure> {
    let session = Session::open(global, &args.planning, Access::Read, output).await?;
    let mode = if args.destroy { Mode::Destroy } else { Mode::Apply };
    let plan = session.plan(mode, &args.planning, output).await?;
    show(&plan, Form::from(&args.form), &session.config.sources, output)?;
    Ok(match (plan.refusals.is_empty(), plan.has_changes() && args.detailed_exitcode) {
        (false, _) => Exit::Failed,
        (true, true) => Exit::Changes,
        (true, false) => Exit::Done,
    })
}

/// In which form a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
    Markdown { limit: usize },
}

impl From<&FormArgs> for Form {
    fn from(args: &FormArgs) -> Self {
        match args.format {
            PlanFormat::Text => Self::Text,
            PlanFormat::Json => Self::Json,
            PlanFormat::Markdown => Self::Markdown { limit: args.markdown_limit },
        }
    }
}

impl From<Format> for Form {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Json => Self::Json,
        }
    }
}

/// Prints the plan as data; keys of the configuration are looked up in its files.
pub(super) fn show(plan: &Plan, form: Form, sources: &Sources, output: Output) -> Result<(), Failure> {
    let places = Place::within(sources);
    match form {
        Form::Text => {
            let page = Page { width: Output::width(), places: &places };
            output.data(&report::plan_text(plan, page))?;
        }
        Form::Json => Output::raw_data(&format!("{:#}\n", report::plan_json(plan, &places)))?,
        Form::Markdown { limit } => Output::raw_data(&report::plan_markdown(plan, &places, limit))?,
    }
    Ok(())
}
