//! Applies a plan, and records in the state what it does.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use tracing::{Instrument as _, info_span};

use super::newest_state::{Register, RunRecord};
use super::redacting::RedactingRecorder;
use super::run_secrets::RunSecrets;
use super::{Error, rights};
use crate::apply::{self, Event, Options, Record, Recorder, Report, Stop};
use crate::diagnostic::Sources;
use crate::plan::{Action, Change, Mode, Plan, Reason};
use crate::provider::Provider;
use crate::resource::{Address, Batch, Desired, Moment, Problem, ProblemKind, ReadyRule, Timeouts};
use crate::state::{
    Completion, Intent, IntentKind, Lineage, NewRun, Outcome, Provenance, ReadFrom, Readiness, RunEnd, RunId,
    StateError, Store, StoredDesired, StoredResource,
};

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
    let mut journal = Journal {
        store,
        timeouts: timeouts(plan),
        ready_rules: ready_rules(plan),
        hooks: hooks(plan),
        batches: batches(plan),
        keys: keys(plan),
        run: id.clone(),
        with_secrets: with_secrets(plan),
        out_of_order: None,
    };
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

fn timeouts(plan: &Plan) -> BTreeMap<Address, Timeouts> {
    let changes = plan.changes.iter();
    changes.map(|change| (change.address.clone(), change.timeouts)).collect()
}

/// When what is desired counts as ready, where the configuration says so.
fn ready_rules(plan: &Plan) -> BTreeMap<Address, ReadyRule> {
    let desired = plan.changes.iter().filter_map(|change| change.desired.as_deref());
    desired.filter_map(|desired| Some((desired.address.clone(), desired.lifecycle.ready.clone()?))).collect()
}

/// What happens to the chart of each hook.
fn hooks(plan: &Plan) -> BTreeMap<Address, Moment> {
    let desired = plan.changes.iter().filter_map(|change| change.desired.as_deref());
    desired.filter_map(|desired| Some((desired.address.clone(), desired.hook.as_ref()?.moment))).collect()
}

/// Of which run all is that charts make at random in objects.
fn batches(plan: &Plan) -> BTreeMap<Address, Batch> {
    let desired = plan.changes.iter().filter_map(|change| change.desired.as_deref());
    desired.filter_map(|desired| Some((desired.address.clone(), desired.batch.clone()?))).collect()
}

/// The names of the keys of Secrets, by address.
fn keys(plan: &Plan) -> BTreeMap<Address, BTreeSet<String>> {
    let secrets = plan.changes.iter().filter_map(|change| change.desired.as_deref());
    let secrets = secrets.filter(|desired| desired.identity.is("", "Secret"));
    secrets
        .filter_map(|desired| {
            let data = desired.object.get("data")?.as_object()?;
            Some((desired.address.clone(), data.keys().cloned().collect()))
        })
        .collect()
}

/// The resources into which a plan may write other secret values than they have.
fn with_secrets(plan: &Plan) -> BTreeSet<Address> {
    let is_about_secrets = |change: &&Change| match change.action {
        Action::Create | Action::Replace | Action::Run | Action::Adopt => true,
        // Whoever takes a field back may have another value in it than whoever had it before.
        Action::Update => {
            let is_ownership = |reason: &Reason| matches!(reason, Reason::OwnershipOnly { .. });
            change.fields.iter().any(|field| field.sensitive) || change.reasons.iter().any(is_ownership)
        }
        Action::None | Action::Keep | Action::Delete | Action::Forget => false,
    };
    plan.changes.iter().filter(is_about_secrets).map(|change| change.address.clone()).collect()
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

/// Writes outcomes into the journal.
struct Journal<'s> {
    store: &'s mut Store,
    timeouts: BTreeMap<Address, Timeouts>,
    ready_rules: BTreeMap<Address, ReadyRule>,
    hooks: BTreeMap<Address, Moment>,
    batches: BTreeMap<Address, Batch>,
    keys: BTreeMap<Address, BTreeSet<String>>,
    run: RunId,
    /// The resources into which the run may write other secret values.
    with_secrets: BTreeSet<Address>,
    /// What could not even be noted.
    out_of_order: Option<StateError>,
}

impl Journal<'_> {
    fn take(&mut self, record: Record) -> Result<(), StateError> {
        match record {
            Record::Present { address, action, target, uid, dependencies, protect, moved_from, applied } => {
                let known = self.store.state().resources.get(moved_from.as_ref().unwrap_or(&address));
                let hook = self.hooks.get(&address).copied();
                let provenance = match (hook, &uid) {
                    (Some(Moment::Takeover), Some(_)) => Provenance::Adopted,
                    _ => provenance(action, known),
                };
                // Of an object that may be gone, what the state knows stays.
                let kept = known.filter(|_| uid.is_none());
                let applied = applied.or_else(|| kept.and_then(|known| known.applied.clone()));
                let uid = uid.or_else(|| kept.map(|known| known.uid.clone())).unwrap_or_default();
                let secrets_of = if self.with_secrets.contains(&address) {
                    Some(self.run.clone())
                } else {
                    known.and_then(|known| known.secrets_of.clone())
                };
                let random_of = match self.batches.get(&address) {
                    Some(Batch::New) => Some(self.run.clone()),
                    Some(Batch::Of(run)) => run.parse().ok(),
                    None => known.and_then(|known| known.random_of.clone()),
                };
                let resource = Box::new(StoredResource {
                    secrets_of,
                    random_of,
                    dependencies,
                    protect,
                    keys: self.keys.get(&address).cloned().unwrap_or_default(),
                    timeouts: self.timeouts.get(&address).copied().unwrap_or_default(),
                    ready: self.ready_rules.get(&address).cloned(),
                    hook,
                    readiness: readiness(action, known),
                    applied,
                    ..StoredResource::new(*target, uid, provenance)
                });
                let outcome = match moved_from {
                    Some(from) => Outcome::Moved { from, resource },
                    None => Outcome::Written { resource },
                };
                self.store.outcome(&address, outcome)
            }
            Record::Due { address, target, leftover } => {
                let resource = Box::new(StoredResource {
                    leftover,
                    timeouts: self.timeouts.get(&address).copied().unwrap_or_default(),
                    ready: self.ready_rules.get(&address).cloned(),
                    hook: self.hooks.get(&address).copied(),
                    readiness: Readiness::NotReady { since: Timestamp::now() },
                    ..StoredResource::new(*target, "", Provenance::Created)
                });
                self.store.outcome(&address, Outcome::Written { resource })
            }
            Record::Moved { address, from } => {
                let Some(known) = self.store.state().resources.get(&from).cloned() else { return Ok(()) };
                self.store.outcome(&address, Outcome::Moved { from, resource: Box::new(known) })
            }
            Record::Ready { address, completed } => {
                let Some(known) = self.store.state().resources.get(&address) else { return Ok(()) };
                let outcome = match completed {
                    Some(content) => {
                        let readiness = Readiness::Completed { content };
                        let resource = Box::new(StoredResource { readiness, ..known.clone() });
                        Outcome::Written { resource }
                    }
                    None if matches!(known.readiness, Readiness::NotReady { .. }) => Outcome::Ready,
                    None => return Ok(()),
                };
                self.store.outcome(&address, outcome)
            }
            Record::Gone { address, identity } => {
                self.store.outcome(&address, Outcome::Deleted { identity: *identity })
            }
            Record::Forgotten { address, identity } => {
                self.store.outcome(&address, Outcome::Forgotten { identity: *identity })
            }
            Record::Failed { address, problem } => {
                let in_doubt = matches!(problem.kind, ProblemKind::Unreachable | ProblemKind::Overtaken);
                self.store.outcome(&address, Outcome::Failed { reason: problem.message, in_doubt })
            }
        }
    }
}

/// How the resource came under our management; an update keeps what the state knows.
fn provenance(action: Action, known: Option<&StoredResource>) -> Provenance {
    match (action, known) {
        (Action::Adopt, _) => Provenance::Adopted,
        (Action::Create | Action::Replace | Action::Run, _) => Provenance::Created,
        (_, Some(known)) => known.provenance,
        (_, None) => Provenance::Rebuilt,
    }
}

/// A written resource is not ready until it was seen ready; one that was not written keeps its readiness.
fn readiness(action: Action, known: Option<&StoredResource>) -> Readiness {
    if action.writes() {
        return Readiness::NotReady { since: Timestamp::now() };
    }
    known.map(|known| known.readiness.clone()).unwrap_or_default()
}

#[async_trait]
impl Recorder for Journal<'_> {
    fn note(&mut self, record: Record) {
        let taken = self.take(record);
        self.out_of_order = self.out_of_order.take().or(taken.err());
    }

    async fn keep(&mut self) -> Result<(), Problem> {
        let kept = match self.out_of_order.take() {
            Some(error) => Err(error),
            None => self.store.keep_outcomes().await,
        };
        kept.map_err(|error| {
            let message = format!("what was done cannot be recorded, so nothing more is done: {error}");
            Problem::new(ProblemKind::Other, message).help(error.help())
        })
    }

    fn leave_in_flight(&mut self, writes: BTreeSet<Address>) {
        self.store.leave_in_flight(writes);
    }
}

#[cfg(test)]
mod tests;
