//! Applies a plan, and records in the state what it does.

mod journal;

use tracing::{Instrument as _, info_span};

use self::journal::Journal;
use super::newest_state::{Register, RunRecord};
use super::redacting::RedactingRecorder;
use super::run_secrets::RunSecrets;
use super::{Error, rights};
use crate::apply::{self, Event, Options, Report, Stop};
use crate::diagnostic::Sources;
use crate::plan::{Action, Change, Mode, Plan};
use crate::provider::Provider;
use crate::resource::{Batch, Desired, Moment, Problem, ProblemKind};
use crate::state::{Completion, Intent, IntentKind, Lineage, NewRun, ReadFrom, RunEnd, Store, StoredDesired};

/// How a run is known afterwards, and what it does not say.
#[derive(Debug, Clone)]
pub(super) struct Run<'a> {
    /// The digest of what was approved: of the plan file, or of the plan where there is none.
    pub plan: String,
    /// The digest of the configuration.
    pub configuration: String,
    /// What the configuration was read from.
    pub read_from: ReadFrom,
    /// The files of the configuration. The revision keeps the file and line of its keys.
    pub sources: &'a Sources,
    /// The secrets that no event, record or report may hold.
    pub secrets: &'a RunSecrets,
    /// The namespace in which it is recorded which copy of the state is the newest one; `None` where there is but one.
    pub recorded_in: Option<&'a str>,
}

/// Applies the plan. Each outcome is in the journal at once, and in the state at the end, however the run
/// ends.
///
/// # Errors
/// Our rights do not allow all of the plan (then nothing was done), or the state cannot be written. A change
/// that failed in the cluster is no error: it is in the report.
pub(super) async fn apply(
    plan: &Plan,
    run: &Run<'_>,
    provider: &dyn Provider,
    store: &mut Store,
    emit: &(dyn Fn(Event) + Send + Sync),
    stop: &Stop,
    options: Options,
) -> Result<Report, Error> {
    rights::review(plan, provider).await?;
    store.assume_lineage(&lineage(plan)?)?;
    provider.write_under(store.permit());
    // While the user was asked, somebody may have removed the lock.
    store.confirm().await?;
    let id = store
        .begin(NewRun {
            plan: run.plan.clone(),
            cluster: plan.cluster.clone(),
            read_from: run.read_from.clone(),
            intents: intents(plan),
        })
        .await?;
    let emit = |event| emit(run.secrets.redact_event(event));
    let record = match Register::of(provider, store.state(), run.recorded_in) {
        Some(register) => RunRecord::begin(register, store, id.clone(), command(plan), &emit).await?,
        None => None,
    };
    let mut journal = Journal::of(plan, store, id);
    let mut recorder = RedactingRecorder { recorder: &mut journal, secrets: run.secrets };
    let result = apply::run(plan, provider, &mut recorder, &emit, stop, options).await;
    let result = result.map(|report| run.secrets.redact_report(report));
    let end = match &result {
        Ok(report) if report.is_complete() => RunEnd::Completed,
        Ok(report) if report.stopped => RunEnd::Stopped,
        _ => RunEnd::Failed,
    };
    let finished =
        store.finish(end, completion(plan, run)).instrument(info_span!("finish_state", ?end)).await;
    if let Some(record) = record.filter(|_| finished.is_ok()) {
        // Whoever wants to stop at once waits for nothing; the next run of this folder records it.
        let recording = record.end(store, &emit);
        let _ = stop.at_once.run_until_cancelled(recording).await;
    }
    match (result, finished) {
        (Ok(report), Ok(_)) => Ok(report),
        (Err(problem), Ok(_)) => Err(problem.into()),
        (Ok(_), Err(error)) => Err(error.into()),
        // Both errors are about the state; the first one says what could not be recorded.
        (Err(problem), Err(error)) => {
            let message = format!("{}\nthe state could not be written either: {error}", problem.message);
            Err(Problem { message, ..problem }.into())
        }
    }
}

/// The lineage that the plan was made with, which may have been read from annotations.
fn lineage(plan: &Plan) -> Result<Lineage, Problem> {
    plan.lineage.parse().map_err(|error| {
        Problem::new(ProblemKind::Other, format!("the annotations name a lineage that is not valid: {error}"))
            .help("somebody has changed the annotation `regplan.dev/lineage`; put the state back, or correct it")
    })
}

fn intents(plan: &Plan) -> Vec<Intent> {
    let changes = plan.changes.iter();
    changes
        .filter_map(|change| {
            let (address, target) = (change.address.clone(), change.target.clone());
            Some(Intent { address, target, action: intent(change)?, renews: renews(change) })
        })
        .collect()
}

fn intent(change: &Change) -> Option<IntentKind> {
    Some(match change.action {
        Action::Create => IntentKind::Create,
        Action::Update if change.moved_from.is_some() && change.fields.is_empty() => IntentKind::Move,
        Action::Update => IntentKind::Update,
        Action::Replace => IntentKind::Replace,
        Action::Run => IntentKind::Run,
        Action::Adopt => IntentKind::Adopt,
        Action::Delete => IntentKind::Delete,
        Action::Forget => IntentKind::Forget,
        Action::None | Action::Keep if change.moved_from.is_some() => IntentKind::Move,
        Action::None | Action::Keep => return None,
    })
}

/// Whether a change writes other values of what a chart makes at random.
fn renews(change: &Change) -> bool {
    let batch = change.desired.as_ref().and_then(|desired| desired.batch.as_ref());
    change.action.writes() && batch == Some(&Batch::New)
}

/// What the history calls a run of this plan, be it applied from a file or not.
fn command(plan: &Plan) -> String {
    match (plan.revision, plan.mode) {
        (Some(revision), _) => format!("rollback {revision}"),
        (None, Mode::Apply) => "apply".to_owned(),
        (None, Mode::Destroy) => "destroy".to_owned(),
    }
}

/// What a revision keeps: what was changed, and what was desired without its secrets; beside it, its secret values.
fn completion(plan: &Plan, run: &Run<'_>) -> Completion {
    let changed = plan.changes.iter();
    let changed = changed.filter_map(|change| Some((change.address.clone(), intent(change)?))).collect();
    let left_out = plan.left_out.iter().cloned().collect();
    let configuration = run.configuration.clone();
    let mut completion =
        Completion { command: command(plan), configuration, changed, left_out, ..Completion::default() };
    // What runs when its chart is deleted is not desired any more.
    let is_farewell =
        |desired: &Desired| desired.hook.as_ref().is_some_and(|hook| hook.moment == Moment::Delete);
    let desired = plan.changes.iter().filter_map(|change| change.desired.as_deref());
    for desired in desired.filter(|desired| !is_farewell(desired)) {
        let stored = StoredDesired::new(desired, run.sources);
        completion.values.add(desired, &stored.withheld);
        completion.desired.insert(desired.address.clone(), stored);
    }
    completion
}

#[cfg(test)]
mod tests;
