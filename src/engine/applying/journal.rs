//! The journal of a run: what is done becomes what the state knows.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::apply::{Presence, Record, Recorder};
use crate::plan::{Action, Change, Plan, Reason};
use crate::resource::{Address, Batch, Moment, Problem, ProblemKind, ReadyRule, Target, Timeouts};
use crate::state::{Outcome, Provenance, Readiness, RunId, StateError, Store, StoredResource};

/// Writes outcomes into the journal.
pub(super) struct Journal<'s> {
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

impl<'s> Journal<'s> {
    /// The journal of a run that carries out this plan.
    pub(super) fn of(plan: &Plan, store: &'s mut Store, run: RunId) -> Self {
        Self {
            store,
            timeouts: timeouts(plan),
            ready_rules: ready_rules(plan),
            hooks: hooks(plan),
            batches: batches(plan),
            keys: keys(plan),
            run,
            with_secrets: with_secrets(plan),
            out_of_order: None,
        }
    }

    /// What becomes of a resource by a record; `None` where the state stays as it is.
    fn outcome(&self, record: Record) -> Option<(Address, Outcome)> {
        Some(match record {
            Record::Present { address, presence } => {
                let outcome = self.present(&address, *presence);
                (address, outcome)
            }
            Record::Due { address, target, leftover } => {
                let resource = Box::new(StoredResource {
                    leftover,
                    readiness: Readiness::NotReady { since: Timestamp::now() },
                    ..self.resource(&address, *target, String::new(), Provenance::Created)
                });
                (address, Outcome::Written { resource })
            }
            Record::Moved { address, from } => {
                let resource = Box::new(self.known(&from)?.clone());
                (address, Outcome::Moved { from, resource })
            }
            Record::Ready { address, completed } => {
                let outcome = ready(self.known(&address)?, completed)?;
                (address, outcome)
            }
            Record::Gone { address, identity } => (address, Outcome::Deleted { identity: *identity }),
            Record::Forgotten { address, identity } => (address, Outcome::Forgotten { identity: *identity }),
            Record::Failed { address, problem } => {
                let in_doubt = matches!(problem.kind, ProblemKind::Unreachable | ProblemKind::Overtaken);
                (address, Outcome::Failed { reason: problem.message, in_doubt })
            }
        })
    }

    /// The object exists. What the record does not say of it stays as the state knows it.
    fn present(&self, address: &Address, presence: Presence) -> Outcome {
        let Presence { action, target, uid, dependencies, protect, moved_from, applied } = presence;
        let known = self.known(moved_from.as_ref().unwrap_or(address));
        let provenance = match (self.hooks.get(address), &uid) {
            (Some(Moment::Takeover), Some(_)) => Provenance::Adopted,
            _ => provenance(action, known),
        };
        // Of an object that may be gone, what the state knows stays.
        let kept = known.filter(|_| uid.is_none());
        let applied = applied.or_else(|| kept.and_then(|known| known.applied.clone()));
        let uid = uid.or_else(|| kept.map(|known| known.uid.clone())).unwrap_or_default();
        let resource = Box::new(StoredResource {
            secrets_of: self.secrets_of(address, known),
            random_of: self.random_of(address, known),
            dependencies,
            protect,
            keys: self.keys.get(address).cloned().unwrap_or_default(),
            readiness: readiness(action, known),
            applied,
            ..self.resource(address, target, uid, provenance)
        });
        match moved_from {
            Some(from) => Outcome::Moved { from, resource },
            None => Outcome::Written { resource },
        }
    }

    /// A resource, with what the configuration says of it.
    fn resource(
        &self,
        address: &Address,
        target: Target,
        uid: String,
        provenance: Provenance,
    ) -> StoredResource {
        StoredResource {
            timeouts: self.timeouts.get(address).copied().unwrap_or_default(),
            ready: self.ready_rules.get(address).cloned(),
            hook: self.hooks.get(address).copied(),
            ..StoredResource::new(target, uid, provenance)
        }
    }

    fn known(&self, address: &Address) -> Option<&StoredResource> {
        self.store.state().resources.get(address)
    }

    /// The run that wrote the secret values of a resource.
    fn secrets_of(&self, address: &Address, known: Option<&StoredResource>) -> Option<RunId> {
        if self.with_secrets.contains(address) {
            return Some(self.run.clone());
        }
        known.and_then(|known| known.secrets_of.clone())
    }

    /// The run that wrote what a chart has made at random in a resource.
    fn random_of(&self, address: &Address, known: Option<&StoredResource>) -> Option<RunId> {
        match self.batches.get(address) {
            Some(Batch::New) => Some(self.run.clone()),
            Some(Batch::Of(run)) => run.parse().ok(),
            None => known.and_then(|known| known.random_of.clone()),
        }
    }
}

/// The object is ready; what has ended by itself has `completed`.
fn ready(known: &StoredResource, completed: Option<String>) -> Option<Outcome> {
    match completed {
        Some(content) => {
            let readiness = Readiness::Completed { content };
            Some(Outcome::Written { resource: Box::new(StoredResource { readiness, ..known.clone() }) })
        }
        None => matches!(known.readiness, Readiness::NotReady { .. }).then_some(Outcome::Ready),
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
        let Some((address, outcome)) = self.outcome(record) else { return };
        let noted = self.store.outcome(&address, outcome);
        self.out_of_order = self.out_of_order.take().or(noted.err());
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
