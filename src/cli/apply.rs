//! `regplan apply`.

use super::args::{ApplyArgs, Format, Global};
use super::confirm;
use super::exit::{Exit, Failure};
use super::output::Output;
use super::plan;
use super::progress::Progress;
use super::session::{Access, Memory, Session};
use crate::apply::{Options, Report, Stop};
use crate::engine;
use crate::plan::{Mode, Plan};
use crate::report::{self, Label, Styled};

pub(super) async fn run(global: &Global, args: &ApplyArgs, output: Output) -> Result<Exit, Failure> {
    carry_out(global, args, Mode::Apply, output).await
}

/// Plans, shows, asks, applies.
pub(super) async fn carry_out(
    global: &Global,
    args: &ApplyArgs,
    mode: Mode,
    output: Output,
) -> Result<Exit, Failure> {
    let command = match mode {
        Mode::Apply => "apply",
        Mode::Destroy => "destroy",
    };
    let access = Access::Write { command };
    let mut session = Session::open(global, &args.planning, access, output).await?;
    let plan = session.plan(mode, &args.planning, output).await?;
    plan::show(&plan, args.format.into(), &session.config.sources, output)?;
    if !plan.refusals.is_empty() {
        return Ok(Exit::Failed);
    }
    refuse_unchecked(&plan)?;
    if !plan.changes_memory() {
        return Ok(Exit::Done);
    }
    if plan.has_changes() && !args.auto_approve && !approved(mode, global, output)? {
        let mut text = Styled::default();
        output.message(text.line(Label::Plain, "Not approved; nothing was done."))?;
        return Ok(Exit::Failed);
    }
    let report = perform(&mut session, &plan, args, output).await?;
    Ok(if report.is_complete() { Exit::Done } else { Exit::Failed })
}

fn approved(mode: Mode, global: &Global, output: Output) -> Result<bool, Failure> {
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
            change.unchecked().map(|(path, reason)| format!("{} {path}: {reason}", change.address))
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
    args: &ApplyArgs,
    output: Output,
) -> Result<Report, Failure> {
    let stop = Stop::default();
    let listener = tokio::spawn(listen(stop.clone()));
    let progress = Progress::new(args.format, output);
    let options = Options { parallelism: usize::from(args.planning.parallelism) };
    let emit = |event| progress.show(&event);
    let Memory::Held(store) = &mut session.memory else {
        return Err(Failure::message("the state is not held to be written"));
    };
    let result = engine::apply(plan, &session.provider, store, &emit, &stop, options).await;
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
