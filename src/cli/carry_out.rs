//! What `apply` and `destroy` share: plan, show, make sure that it is approved, apply.

use super::applying::apply;
use super::args::{Format, Global, RunArgs};
use super::confirm;
use super::diagnostics;
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt;
use super::newest_state::catch_up;
use super::output::Output;
use super::outputs;
use super::plan::{self, Form};
use super::plan_file::NamedPlanFile;
use super::project;
use super::settings;
use super::undoing;
use super::wording::note;
use crate::apply::Report;
use crate::engine::{
    Admitted, Applicable, Approval, Interruption, PlanRequest, Planned, Settings, StateAccess, Undo,
    Workspace,
};
use crate::plan::{Mode, Plan};
use crate::provider::OnTrouble;
use crate::provider::dns::ManualRecords;
use crate::report::{self, Ending, Label, SourceLine, Styled, escape, plural};
use crate::resource::to_the_second;
use crate::state::{Recovered, Store};

/// How the plan gets approved.
#[derive(Clone, Copy)]
pub(super) enum Approver<'a> {
    /// By a person, who is asked, or has passed `--auto-approve`.
    Person,
    /// By `--expect` with this digest.
    Digest(&'a str),
    /// By a plan file.
    File(&'a NamedPlanFile),
}

impl<'a> Approver<'a> {
    /// Makes sure, before anything is planned, that an approved plan file may be applied here.
    async fn admit(self, workspace: &mut Workspace<Store>) -> Result<Admission<'a>, Failure> {
        Ok(match self {
            Self::Person => Admission::Person,
            Self::Digest(digest) => Admission::Digest(digest),
            Self::File(named) => Admission::File(named, named.admit(workspace).await?),
        })
    }
}

/// What becomes of the changes that were done where another one fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum OnFailure {
    /// They stay, and the next plan goes on from there.
    #[default]
    Keep,
    /// They are undone.
    Undo,
}

/// What is done about failures.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Failures {
    /// About what goes wrong while an object is waited for.
    pub(super) on_trouble: OnTrouble,
    /// About the changes that were done before.
    pub(super) on_failure: OnFailure,
}

/// What is to be planned.
pub(super) enum Wanted {
    /// This.
    Request(PlanRequest),
    /// The way back to the revision before the last, with the rest of this request. Which one that is, is found out when
    /// the state is open.
    PreviousRevision(PlanRequest),
}

impl Wanted {
    /// The request, of which everything is known.
    pub(super) async fn request<S: StateAccess>(
        self,
        workspace: &Workspace<S>,
    ) -> Result<PlanRequest, Failure> {
        match self {
            Self::Request(request) => Ok(request),
            Self::PreviousRevision(request) => {
                Ok(PlanRequest { revision: Some(workspace.previous_revision().await?), ..request })
            }
        }
    }
}

impl From<PlanRequest> for Wanted {
    fn from(request: PlanRequest) -> Self {
        Self::Request(request)
    }
}

/// What a plan is compared with to see whether it is the approved one.
enum Admission<'a> {
    Person,
    Digest(&'a str),
    File(&'a NamedPlanFile, Admitted<'a>),
}

impl Admission<'_> {
    /// The approval of the plan; fails where it is not the plan in the file.
    async fn approval(&self, workspace: &Workspace<Store>, planned: &Planned) -> Result<Approval, Failure> {
        match self {
            Self::Person => Ok(Approval::Caller),
            Self::Digest(digest) => Ok(Approval::Digest((*digest).to_owned())),
            Self::File(named, admitted) => named.hold_against(workspace, admitted, planned).await,
        }
    }

    /// Says that an interrupted run is resumed. That is certain only once the plan may be applied.
    fn tell_resumption(&self, output: Output) -> Result<(), Failure> {
        if let Self::File(_, admitted) = self
            && admitted.is_resumed()
        {
            output.note(&note("an earlier run of this plan was interrupted, and is resumed."))?;
        }
        Ok(())
    }
}

/// Plans, shows the plan, makes sure that it is approved, and applies it.
pub(super) async fn run(
    global: &Global,
    args: &RunArgs,
    wanted: impl Into<Wanted>,
    approver: Approver<'_>,
    failures: Failures,
    output: Output,
) -> Result<Exit, Failure> {
    let wanted = wanted.into();
    // Each step holds the whole configuration, so the larger ones are not kept in this future.
    let mut workspace = Box::pin(open(global, args, &wanted, failures.on_trouble, output)).await?;
    let request = wanted.request(&workspace).await?;
    let admission = approver.admit(&mut workspace).await?;
    let planned = workspace.plan(request).await?;
    let sources = &workspace.config().sources;
    diagnostics::show_warnings(sources, &planned.warnings, output)?;
    let approval = admission.approval(&workspace, &planned).await?;
    let shown = plan::show(&planned.plan, &Form::from(args), &SourceLine::within(sources), output);
    let is_unread = matches!(shown, Err(Failure::BrokenPipe));
    Failure::unless_closed(shown)?;
    planned.check_named_lineage()?;
    if !planned.plan.refusals.is_empty() {
        return Ok(Exit::Failed);
    }
    let applicable = planned.applicable(&approval)?;
    admission.tell_resumption(output)?;
    if !workspace.is_to_be_recorded(&planned) {
        catch_up(&workspace, &planned.plan.freshness, output).await?;
        show_outputs(&workspace, &planned, args, output).await?;
        return Ok(Exit::Done);
    }
    if is_unread {
        return Err(Failure::message("the plan could not be shown to its end, so nothing was done")
            .help("read all of the output, or send it to a file"));
    }
    let undo = match failures.on_failure {
        OnFailure::Undo => Some(workspace.prepare_undo(&planned).await?),
        OnFailure::Keep => None,
    };
    if !is_approved(&admission, &planned.plan, global, args, output)? {
        let mut text = Styled::default();
        output.message(text.line(Label::Plain, "Not approved; nothing was done."))?;
        return Ok(Exit::Failed);
    }
    let report = perform(&mut workspace, &applicable, undo, args, output).await?;
    if !report.is_complete() {
        return Ok(Exit::Failed);
    }
    show_outputs(&workspace, &planned, args, output).await?;
    // As at the end of a plan: nobody waits until thousands of objects are freed piece by piece.
    std::mem::forget(planned);
    Ok(Exit::Done)
}

/// Whether a plan may be applied that was shown: a person is asked, unless somebody has approved it before.
fn is_approved(
    admission: &Admission<'_>,
    plan: &Plan,
    global: &Global,
    args: &RunArgs,
    output: Output,
) -> Result<bool, Failure> {
    let is_to_be_asked = matches!(admission, Admission::Person) && plan.has_changes() && !args.auto_approve;
    if is_to_be_asked {
        confirm::ask(&question(plan), "review the plan", global.into(), output)
    } else {
        Ok(true)
    }
}

/// Applies the plan; where a change fails, undoes what was done, if that is wanted. Tells how it has ended.
async fn perform(
    workspace: &mut Workspace<Store>,
    plan: &Applicable<'_>,
    undo: Option<Undo>,
    args: &RunArgs,
    output: Output,
) -> Result<Report, Failure> {
    let signals = interrupt::listen(output);
    let report = apply(workspace, plan, args.format, signals.stop(), output).await?;
    // Whoever has stopped the run wants nothing more to be written.
    let ending = match undo.filter(|_| !report.is_complete() && !report.stopped) {
        Some(undo) => Box::pin(undoing::run(workspace, &undo, &report, args, signals.stop(), output)).await,
        None => Ok(Ending::of(&report)),
    };
    drop(signals);
    if args.format == Format::Json {
        // As with the events before: a closed output changes nothing of what has become of the run.
        drop(Output::json_line(&report::ending_json(&report, ending.as_ref().unwrap_or(&Ending::NotUndone))));
    }
    ending?;
    Ok(report)
}

/// Shows the outputs of the configuration where the cluster is now as it says. What is printed for programs are events.
async fn show_outputs(
    workspace: &Workspace<Store>,
    planned: &Planned,
    args: &RunArgs,
    output: Output,
) -> Result<(), Failure> {
    let PlanRequest { mode, revision, imports, .. } = &planned.request;
    let is_of_configuration = *mode == Mode::Apply && revision.is_none() && imports.is_empty();
    if args.format == Format::Text && is_of_configuration {
        outputs::show_after_apply(workspace, output).await?;
    }
    Ok(())
}

/// Locks the state, then reaches the cluster.
async fn open(
    global: &Global,
    args: &RunArgs,
    wanted: &Wanted,
    on_trouble: OnTrouble,
    output: Output,
) -> Result<Workspace<Store>, Failure> {
    let manual_records = if args.skip_manual { ManualRecords::Leave } else { ManualRecords::Await };
    let settings = Settings { on_trouble, manual_records, ..settings::of_planning(global, &args.planning) };
    let (project, command) = match wanted {
        Wanted::PreviousRevision(_) => {
            (project::load_without_blocks(global, settings, output)?, "rollback".to_owned())
        }
        Wanted::Request(PlanRequest { revision: Some(revision), .. }) => {
            (project::load_without_blocks(global, settings, output)?, format!("rollback {revision}"))
        }
        Wanted::Request(PlanRequest { mode: Mode::Apply, .. }) => {
            (project::load(global, settings, output).await?, "apply".to_owned())
        }
        Wanted::Request(PlanRequest { mode: Mode::Destroy, .. }) => {
            (project::load(global, settings, output).await?, "destroy".to_owned())
        }
    };
    let opened = project.open_locked(&command).await?;
    if let Some(interruption) = opened.interruption() {
        output.message(&interrupted(interruption))?;
    }
    Ok(opened.connect().await?)
}

/// Words that an earlier run was killed, and what of it was recorded.
fn interrupted(interruption: Interruption<'_>) -> Styled {
    match interruption {
        Interruption::Run(recovered) => note(interrupted_run(recovered)),
        Interruption::Holder(holder) => {
            note(format!("a run of {} was killed; it left nothing unfinished.", escape(&holder.who())))
        }
    }
}

fn interrupted_run(recovered: &Recovered) -> String {
    let results = |count| plural(count, "result", "results");
    let unfinished = &recovered.unfinished;
    let (by, begun) = (escape(&unfinished.by), to_the_second(unfinished.begun));
    let outcomes = format!("recovered {} recorded {}", recovered.outcomes, results(recovered.outcomes));
    let unknown = match recovered.in_doubt.len() {
        0 => String::new(),
        count => format!(", looking for {count} unrecorded {} in the cluster", results(count)),
    };
    format!("the run of {by} from {begun} was killed: {outcomes}{unknown}.")
}

/// The question names what it is about: who answers it may have scrolled the plan away.
fn question(plan: &Plan) -> String {
    let verb = match (plan.revision, plan.mode) {
        (Some(revision), _) => format!("Go back to revision {revision}"),
        (None, Mode::Apply) => "Apply this plan".to_owned(),
        (None, Mode::Destroy) => "Destroy all of this".to_owned(),
    };
    format!("{}\n{verb}?", escape(&report::plan_subject(plan)))
}
