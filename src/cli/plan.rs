//! `regplan plan`.

use super::args::{FormArgs, Format, Global, LevelArgs, PlanArgs, PlanFormat, RunArgs};
use super::destination;
use super::diagnostics;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::plan_file;
use super::project;
use super::settings;
use super::wording::note;
use crate::plan::{Mode, Plan};
use crate::report::{self, Label, Level, Locator, Page, SourceLine, Styled, escape, plural};
use crate::resource::to_the_second;
use crate::state::{OpenRun, Recovered};

pub(super) async fn run(global: &Global, args: &PlanArgs, output: Output) -> Result<Exit, Failure> {
    if let Some(path) = &args.out {
        // Said before the cluster is asked: nobody waits for a plan that then cannot be kept.
        destination::check_plan_file(path)?;
    }
    let mode = if args.destroy { Mode::Destroy } else { Mode::Apply };
    let project = project::load(global, settings::of_planning(global, &args.planning), output).await?;
    if let Some(path) = &args.out {
        destination::check_beside_state(path, "--out", &project.backend_settings()?)?;
    }
    let opened = project.open().await?;
    if let Some((run, fate)) = opened.open_run().await {
        output.message(&note(open_run(run, &fate)))?;
    }
    let mut workspace = opened.connect().await?;
    let planned = workspace.plan_beside_runs(settings::request(mode, &args.planning)).await?;
    let (plan, sources) = (&planned.plan, &workspace.config().sources);
    diagnostics::show_warnings(sources, &planned.warnings, output)?;
    let shown = show(plan, &Form::from(&args.form), &SourceLine::within(sources), output);
    Failure::unless_closed(shown)?;
    planned.check_named_lineage()?;
    if let Some(path) = &args.out {
        plan_file::keep(path, &workspace, &planned, output).await?;
    } else if !plan.is_blocked() && plan.has_changes() {
        let mut text = Styled::default();
        output.note(text.line(Label::Dim, format!("Digest of this plan: {}", plan.digest)))?;
    }
    let exit = match (plan.is_blocked(), plan.has_work() && args.detailed_exitcode) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Changes,
        (false, false) => Exit::Done,
    };
    // The program ends here. To free a plan of thousands of objects piece by piece would only make the user
    // wait, so its memory is left to the operating system.
    std::mem::forget((workspace, planned));
    Ok(exit)
}

/// Words that a run has not ended, what has become of it, and what the plan knows of it.
fn open_run(run: &Recovered, fate: &OpenRun) -> String {
    let (by, begun) = (escape(&run.unfinished.by), to_the_second(run.unfinished.begun));
    let unrecorded = match run.in_doubt.len() {
        0 => String::new(),
        count => format!(
            " {count} {} looked for in the cluster.",
            plural(count, "change that it did not record is", "changes that it did not record are")
        ),
    };
    let fate = report::fate_of_run(fate);
    let fate = escape(&fate);
    format!("a run of {by} from {begun} {fate}. This plan counts what it has recorded so far.{unrecorded}")
}

/// The form in which a plan is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    Text(Level),
    /// Complete at every level; the level is only checked.
    Json(Level),
    Markdown {
        limit: usize,
        level: Level,
    },
}

impl From<&LevelArgs> for Level {
    fn from(args: &LevelArgs) -> Self {
        match args.details.as_slice() {
            _ if args.full => Self::Full,
            [] => Self::Brief,
            named => Self::Details(named.iter().cloned().collect()),
        }
    }
}

impl From<&FormArgs> for Form {
    fn from(args: &FormArgs) -> Self {
        let level = Level::from(&args.level);
        match args.format {
            PlanFormat::Text => Self::Text(level),
            PlanFormat::Json => Self::Json(level),
            PlanFormat::Markdown => Self::Markdown { limit: args.markdown_limit, level },
        }
    }
}

impl From<&RunArgs> for Form {
    fn from(args: &RunArgs) -> Self {
        match args.format {
            Format::Text => Self::Text(Level::from(&args.level)),
            Format::Json => Self::Json(Level::from(&args.level)),
        }
    }
}

/// Prints the plan as data; `places` finds the file and line of a configuration key.
pub(super) fn show(plan: &Plan, form: &Form, places: Locator<'_>, output: Output) -> Result<(), Failure> {
    match form {
        Form::Text(level) => {
            check_details(plan, level)?;
            let page = Page { width: Output::width(), level, places };
            output.data(&report::plan_text(plan, page))?;
        }
        Form::Json(level) => {
            check_details(plan, level)?;
            Output::json(&format!("{:#}\n", report::plan_json(plan, places)))?;
        }
        Form::Markdown { limit, level } => {
            check_details(plan, level)?;
            Output::raw_data(&report::plan_markdown(plan, level, places, *limit))?;
        }
    }
    Ok(())
}

/// `--details` names what the plan has.
fn check_details(plan: &Plan, level: &Level) -> Result<(), Failure> {
    match level.unknown(&plan.changes).first() {
        None => Ok(()),
        Some(unknown) => {
            let addresses = plan.changes.iter().map(|change| &change.address);
            Err(Failure::message(format!("`--details {unknown}`: this plan has no such resource"))
                .help(unknown.suggest(addresses, "this plan has no resources")))
        }
    }
}
