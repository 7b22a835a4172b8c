//! `regplan apply`.

use super::approved::Approved;
use super::args::{ApplyArgs, Format, Global, RunArgs};
use super::confirm;
use super::exit::{Exit, Failure};
use super::output::Output;
use super::plan;
use super::progress::Progress;
use super::session::{Access, Session, StateAccess};
use crate::apply::{Options, Report, Stop};
use crate::engine::{self, Run};
use crate::plan::{Mode, Plan};
use crate::report::{self, Label, SourceLine, Styled};

pub(super) async fn run(global: &Global, args: &ApplyArgs, output: Output) -> Result<Exit, Failure> {
    match (&args.plan_file, &args.expect) {
        (Some(path), _) => {
            let file = Approved::read(path)?;
            carry_out(global, &file.run_args(&args.run), file.mode(), Approval::File(&file), output).await
        }
        (None, Some(digest)) => {
            carry_out(global, &args.run, Mode::Apply, Approval::Digest(digest), output).await
        }
        (None, None) => carry_out(global, &args.run, Mode::Apply, Approval::Asked, output).await,
    }
}

/// How the plan is approved.
#[derive(Clone, Copy)]
pub(super) enum Approval<'a> {
    /// By an answer, or by `--auto-approve`.
    Asked,
    /// It was, if it has this digest.
    Digest(&'a str),
    /// It was, if it is the one in this file.
    File(&'a Approved),
}

/// Plans, shows, makes sure that it is approved, applies.
pub(super) async fn carry_out(
    global: &Global,
    args: &RunArgs,
    mode: Mode,
    approval: Approval<'_>,
    output: Output,
) -> Result<Exit, Failure> {
    let command = match mode {
        Mode::Apply => "apply",
        Mode::Destroy => "destroy",
    };
    let access = Access::Write { command };
    let mut session = Session::open(global, &args.planning, access, output).await?;
    if let Approval::File(file) = approval {
        file.admit(&mut session, output).await?;
    }
    let planned = session.plan(mode, &args.planning, output).await?;
    let plan = &planned.plan;
    if let Approval::File(file) = approval {
        file.hold_against(&planned, &mut session).await?;
    }
    plan::show(plan, args.format.into(), &SourceLine::within(&session.config.sources), output)?;
    if !plan.refusals.is_empty() {
        return Ok(Exit::Failed);
    }
    refuse_unchecked(plan)?;
    if let Approval::Digest(expected) = approval {
        refuse_other(plan, expected)?;
    }
    if !plan.changes_state() {
        return Ok(Exit::Done);
    }
    let is_to_be_asked = matches!(approval, Approval::Asked) && plan.has_changes() && !args.auto_approve;
    if is_to_be_asked && !is_approved(mode, global, output)? {
        let mut text = Styled::default();
        output.message(text.line(Label::Plain, "Not approved; nothing was done."))?;
        return Ok(Exit::Failed);
    }
    let by = match approval {
        Approval::File(file) => file.digest(),
        Approval::Asked | Approval::Digest(_) => &plan.digest,
    };
    let report = perform(&mut session, plan, by, args, output).await?;
    Ok(if report.is_complete() { Exit::Done } else { Exit::Failed })
}

/// Another plan than the one that was approved by its digest.
fn refuse_other(plan: &Plan, expected: &str) -> Result<(), Failure> {
    if plan.digest == expected.trim() {
        return Ok(());
    }
    Err(Failure::message(format!(
        "this is not the plan that was approved, so nothing was done: its digest is {}, and {} is expected",
        plan.digest,
        expected.trim()
    ))
    .help("the configuration or the cluster has changed: review the plan above, and expect its digest"))
}

fn is_approved(mode: Mode, global: &Global, output: Output) -> Result<bool, Failure> {
    let question = match mode {
        Mode::Apply => "Apply this plan?",
        Mode::Destroy => "Destroy all of this?",
    };
    confirm::ask(question, global.no_input, output)
}

/// A field that could not be checked cannot be written either.
fn refuse_unchecked(plan: &Plan) -> Result<(), Failure> {
    let mut lines: Vec<String> = plan
        .changes
        .iter()
        .flat_map(|change| {
            change.unchecked.iter().map(|(path, reason)| format!("{} {path}: {reason}", change.address))
        })
        .collect();
    lines.dedup();
    if lines.is_empty() {
        return Ok(());
    }
    Err(Failure::message(format!(
        "not everything could be checked, so nothing was applied:\n  {}",
        lines.join("\n  ")
    ))
    .help("set what is missing; only `plan` does without"))
}

async fn perform(
    session: &mut Session,
    plan: &Plan,
    by: &str,
    args: &RunArgs,
    output: Output,
) -> Result<Report, Failure> {
    let stop = Stop::default();
    let listener = tokio::spawn(listen(stop.clone()));
    let progress = Progress::new(args.format, output);
    let options = Options { parallelism: usize::from(args.planning.parallelism) };
    let emit = |event| progress.show(&event);
    let sources = &session.config.sources;
    let run = Run { plan: by.to_owned(), configuration: session.config.digest(), sources };
    let StateAccess::Held(store) = &mut session.state_access else {
        return Err(Failure::message("the state is not held to be written"));
    };
    let result = engine::apply(plan, &run, &session.provider, store, &emit, &stop, options).await;
    listener.abort();
    progress.finish();
    let report = result.map_err(|error| Failure::of(error, &session.config.sources))?;
    if args.format == Format::Text {
        output.note(&report::report_text(&report))?;
    }
    Ok(report)
}

/// The first signal stops gently, the second one at once.
async fn listen(stop: Stop) {
    signal().await;
    stop.gently.cancel();
    signal().await;
    stop.at_once.cancel();
}

/// Ctrl-C, or what a service manager sends.
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return drop(tokio::signal::ctrl_c().await);
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
