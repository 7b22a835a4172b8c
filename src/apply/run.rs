//! The ready queue: what waits for nothing is begun, as many at once as allowed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};
use tokio_util::sync::CancellationToken;

use super::event::{Event, FailedResource, Record, Recorder, Report, Skipped};
use super::task::{self, Dependency, Done, Task};
use crate::graph::{Direction, Order, Queue, RemovedResource, deletions};
use crate::plan::{self, Action, Change, Plan};
use crate::provider::Provider;
use crate::resource::{Address, Applied, Live, Problem, Reference};

/// How to apply.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How many resources are worked on at once.
    pub parallelism: usize,
}

/// Asked from outside to end early. The first stage finishes what is under way, the second one does not.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// Begin nothing more; finish the writes under way, wait for nothing.
    pub gently: CancellationToken,
    /// Stop at once.
    pub at_once: CancellationToken,
}

/// Half a turn has ended.
enum StepResult {
    Wrote { address: Address, result: Result<Done, Problem> },
    Settled { address: Address, result: Result<Option<Live>, Problem> },
    Cut { address: Address },
}

/// Applies the plan: first everything that is written, in dependency order; then, if all of that went
/// well, the deletes in reverse order.
///
/// # Errors
/// Only the recorder's: what was done could not be remembered. Everything else is in the report.
pub async fn run(
    plan: &Plan,
    provider: &dyn Provider,
    recorder: &mut dyn Recorder,
    emit: &(dyn Fn(Event) + Send + Sync),
    stop: &Stop,
    options: Options,
) -> Result<Report, Problem> {
    let (leaving, staying) =
        plan.changes.iter().partition::<Vec<&Change>, _>(|change| change.action == Action::Delete);
    let mut report = Report::default();
    let phases =
        [(applying(&staying), Direction::Apply, staying), (deleting(&leaving), Direction::Destroy, leaving)];
    for (order, direction, changes) in phases {
        let mut phase = Phase::new(&changes, order.queue(direction), plan, provider, emit, stop, options);
        if report.is_complete() {
            phase.run(recorder, &mut report).await?;
        } else {
            phase.skip_all(&mut report);
        }
    }
    Ok(report)
}

fn applying(changes: &[&Change]) -> Order {
    let edges = changes.iter().flat_map(|change| {
        change.dependencies.iter().map(|dependency| (change.address.clone(), dependency.clone()))
    });
    Order::from_edges(changes.iter().map(|change| change.address.clone()), edges)
}

fn deleting(changes: &[&Change]) -> Order {
    let removed: Vec<RemovedResource> = changes
        .iter()
        .map(|change| RemovedResource {
            address: change.address.clone(),
            identity: change.target.identity.clone(),
            dependencies: change.dependencies.clone(),
        })
        .collect();
    deletions(&removed)
}

/// One direction's work.
struct Phase<'p> {
    changes: BTreeMap<Address, &'p Change>,
    project: &'p str,
    provider: &'p dyn Provider,
    emit: &'p (dyn Fn(Event) + Send + Sync),
    stop: &'p Stop,
    parallelism: usize,
    queue: Queue,
    waiting: VecDeque<Address>,
    /// The objects after their turn, for those that refer to them.
    current: HashMap<Address, Arc<Live>>,
    started: HashMap<Address, Instant>,
    /// What is being written at this moment.
    writing: BTreeSet<Address>,
    /// Whether something that is written stands on it: then it must be ready even if it is unchanged.
    carries: HashSet<Address>,
}

impl<'p> Phase<'p> {
    fn new(
        changes: &[&'p Change],
        mut queue: Queue,
        plan: &'p Plan,
        provider: &'p dyn Provider,
        emit: &'p (dyn Fn(Event) + Send + Sync),
        stop: &'p Stop,
        options: Options,
    ) -> Self {
        let changes: BTreeMap<Address, &Change> =
            changes.iter().map(|change| (change.address.clone(), *change)).collect();
        let written = changes.values().filter(|change| change.action.writes());
        let carries = written.flat_map(|change| change.dependencies.iter().cloned()).collect();
        let waiting = queue.ready().into();
        Self {
            changes,
            project: &plan.project,
            provider,
            emit,
            stop,
            parallelism: options.parallelism.max(1),
            queue,
            waiting,
            current: HashMap::new(),
            started: HashMap::new(),
            writing: BTreeSet::new(),
            carries,
        }
    }

    /// Does all of it. A run that ends early leaves writes behind whose answers nobody waits for.
    async fn run(&mut self, recorder: &mut dyn Recorder, report: &mut Report) -> Result<(), Problem> {
        let result = self.work(recorder, report).await;
        let left = std::mem::take(&mut self.writing);
        if !left.is_empty() {
            recorder.leave_in_flight(left);
        }
        result
    }

    async fn work(&mut self, recorder: &mut dyn Recorder, report: &mut Report) -> Result<(), Problem> {
        let mut under_way: FuturesUnordered<BoxFuture<'p, StepResult>> = FuturesUnordered::new();
        let mut told = false;
        loop {
            let stopping = self.stop.gently.is_cancelled();
            if stopping && !told {
                told = true;
                report.stopped = true;
                (self.emit)(Event::Stopping);
            }
            while !stopping && under_way.len() < self.parallelism {
                let Some(address) = self.waiting.pop_front() else { break };
                if let Some(half) = self.begin(&address) {
                    under_way.push(half);
                } else {
                    self.finish(&address, recorder, report).await?;
                }
            }
            if under_way.is_empty() {
                break;
            }
            let half = tokio::select! {
                biased;
                () = self.stop.at_once.cancelled() => {
                    report.stopped = true;
                    break;
                }
                half = under_way.next() => half,
            };
            let Some(half) = half else { continue };
            if let Some(next) = self.take(half, recorder, report).await? {
                under_way.push(next);
            }
        }
        if report.stopped {
            self.skip_all(report);
        }
        Ok(())
    }

    /// Starts a resource's turn; `None` where there is nothing to wait for.
    fn begin(&mut self, address: &Address) -> Option<BoxFuture<'p, StepResult>> {
        let change = *self.changes.get(address)?;
        self.started.insert(address.clone(), Instant::now());
        let task = self.task(change);
        match change.action {
            Action::Keep | Action::Forget => None,
            Action::None => {
                if let Some(live) = &change.prior {
                    self.current.insert(address.clone(), live.clone());
                }
                let task = task.filter(|_| self.carries.contains(address))?;
                self.announce(change);
                Some(self.settling(task))
            }
            Action::Delete => {
                self.announce(change);
                self.writing.insert(address.clone());
                let (provider, progress, address) = (self.provider, self.progress(address), address.clone());
                Some(Box::pin(async move {
                    let result = task::remove(provider, change, &progress).await;
                    StepResult::Wrote { address, result }
                }))
            }
            Action::Create | Action::Update | Action::Replace | Action::Adopt => {
                self.announce(change);
                self.writing.insert(address.clone());
                let (provider, progress, address) = (self.provider, self.progress(address), address.clone());
                let (task, stop) = (task?, self.stop.gently.clone());
                Some(Box::pin(async move {
                    // A value that is waited for may take its time; the write that follows is not cut.
                    let object = tokio::select! {
                        biased;
                        object = task.whole_object(provider, &progress) => object,
                        () = stop.cancelled() => return StepResult::Cut { address },
                    };
                    let result = match object {
                        Ok(object) => task.perform(object, provider, &progress).await,
                        Err(problem) => Err(problem),
                    };
                    StepResult::Wrote { address, result }
                }))
            }
        }
    }

    fn announce(&self, change: &Change) {
        (self.emit)(Event::Started { address: change.address.clone(), action: change.action });
    }

    fn progress(&self, address: &Address) -> impl Fn(&str) + Send + Sync + use<'p> {
        let (emit, address) = (self.emit, address.clone());
        move |missing: &str| emit(Event::Waiting { address: address.clone(), missing: missing.to_owned() })
    }

    fn task(&self, change: &'p Change) -> Option<Task<'p>> {
        let desired = change.desired.as_deref()?;
        let references = desired.unresolved.iter().flat_map(|(_, expression)| expression.references());
        let dependencies = references
            .filter_map(|reference| match reference {
                Reference::Live(live) => live.split(|address| self.changes.contains_key(address)),
                Reference::Secret(_) | Reference::Variable(_) => None,
            })
            .filter_map(|(address, _)| {
                let target = self.changes.get(&address)?.target.clone();
                let object = self.current.get(&address)?.object.clone();
                Some((address, Dependency { target, object }))
            })
            .collect();
        Some(Task { change, desired, project: self.project, dependencies })
    }

    fn settling(&self, task: Task<'p>) -> BoxFuture<'p, StepResult> {
        let address = task.change.address.clone();
        let (provider, progress, stop) = (self.provider, self.progress(&address), self.stop.gently.clone());
        Box::pin(async move {
            tokio::select! {
                result = task.settle(provider, &progress) => StepResult::Settled { address, result },
                () = stop.cancelled() => StepResult::Cut { address },
            }
        })
    }

    /// Takes in what half a turn came to; gives the other half, where there is one.
    async fn take(
        &mut self,
        half: StepResult,
        recorder: &mut dyn Recorder,
        report: &mut Report,
    ) -> Result<Option<BoxFuture<'p, StepResult>>, Problem> {
        if let StepResult::Wrote { address, .. } | StepResult::Cut { address } = &half {
            self.writing.remove(address);
        }
        match half {
            StepResult::Wrote { address, result: Ok(Done::Present { sent, live, warnings }) } => {
                for text in warnings {
                    (self.emit)(Event::Warning { address: address.clone(), text });
                }
                let Some(change) = self.changes.get(&address).copied() else { return Ok(None) };
                let desired = change.desired.as_deref();
                let applied =
                    desired.map(|desired| Arc::new(plan::record(self.project, desired, &sent, &live)));
                self.remember(change, applied, &live, recorder).await?;
                self.current.insert(address.clone(), Arc::from(live));
                Ok(self.task(change).map(|task| self.settling(task)))
            }
            StepResult::Wrote { address, result: Ok(Done::Gone) } => {
                if let Some(change) = self.changes.get(&address) {
                    let identity = Box::new(change.target.identity.clone());
                    recorder.record(Record::Gone { address: address.clone(), identity }).await?;
                }
                self.release(&address, report);
                Ok(None)
            }
            StepResult::Wrote { address, result: Err(problem) }
            | StepResult::Settled { address, result: Err(problem) } => {
                recorder
                    .record(Record::Failed { address: address.clone(), problem: Box::new(problem.clone()) })
                    .await?;
                self.fail(&address, problem, report);
                Ok(None)
            }
            StepResult::Settled { address, result: Ok(live) } => {
                if let Some(live) = live {
                    self.current.insert(address.clone(), Arc::new(live));
                }
                recorder.record(Record::Ready { address: address.clone() }).await?;
                self.finish(&address, recorder, report).await?;
                Ok(None)
            }
            StepResult::Cut { address } => {
                let skipped = Skipped { address, because: None };
                (self.emit)(Event::Skipped(skipped.clone()));
                report.skipped.push(skipped);
                Ok(None)
            }
        }
    }

    /// Notes what an unchanged or a forgotten resource means for our memory, and releases who waits.
    async fn finish(
        &mut self,
        address: &Address,
        recorder: &mut dyn Recorder,
        report: &mut Report,
    ) -> Result<(), Problem> {
        if let Some(change) = self.changes.get(address).copied() {
            match change.action {
                Action::Forget => {
                    let identity = Box::new(change.target.identity.clone());
                    recorder.record(Record::Forgotten { address: address.clone(), identity }).await?;
                }
                Action::None if change.is_to_be_remembered() => {
                    if let Some(live) = &change.prior {
                        let applied = change.applied.clone();
                        self.remember(change, applied, live, recorder).await?;
                    }
                }
                _ => {}
            }
        }
        self.release(address, report);
        Ok(())
    }

    /// Notes that the object is there as the server has it, and what an apply of it left to remember.
    async fn remember(
        &self,
        change: &Change,
        applied: Option<Arc<Applied>>,
        live: &Live,
        recorder: &mut dyn Recorder,
    ) -> Result<(), Problem> {
        let record = Record::Present {
            address: change.address.clone(),
            action: change.action,
            target: Box::new(change.target.clone()),
            live: Box::new(live.clone()),
            dependencies: change.dependencies.clone(),
            // What the configuration says now: the marks of before are what a plan asks consent for.
            protect: change.desired.as_ref().map_or(change.protected, |desired| desired.lifecycle.protect),
            moved_from: change.moved_from.clone(),
            applied,
        };
        recorder.record(record).await
    }

    fn release(&mut self, address: &Address, report: &mut Report) {
        self.waiting.extend(self.queue.finish(address));
        let Some(action) = self.changes.get(address).map(|change| change.action) else { return };
        if action.writes() || (action == Action::None && self.carries.contains(address)) {
            let elapsed = self.started.get(address).map(Instant::elapsed).unwrap_or_default();
            (self.emit)(Event::Finished { address: address.clone(), action, elapsed });
        }
        if action.writes() {
            report.done.push((address.clone(), action));
        }
    }

    fn fail(&mut self, address: &Address, problem: Problem, report: &mut Report) {
        let failure = FailedResource { address: address.clone(), problem };
        let action = self.changes.get(address).map_or(Action::None, |change| change.action);
        (self.emit)(Event::Failed { failure: failure.clone(), action });
        report.failed.push(failure);
        for skipped in self.queue.fail(address) {
            self.skip(skipped, Some(address.clone()), report);
        }
    }

    fn skip(&self, address: Address, because: Option<Address>, report: &mut Report) {
        if self.changes.get(&address).is_some_and(|change| change.action.writes()) {
            let skipped = Skipped { address, because };
            (self.emit)(Event::Skipped(skipped.clone()));
            report.skipped.push(skipped);
        }
    }

    /// Says of everything that was not begun that it was not.
    fn skip_all(&self, report: &mut Report) {
        let because = report.failed.first().map(|failure| failure.address.clone());
        let done = report.done.iter().map(|(address, _)| address);
        let failed = report.failed.iter().map(|failure| &failure.address);
        let skipped = report.skipped.iter().map(|skipped| &skipped.address);
        let met: HashSet<&Address> = done.chain(failed).chain(skipped).collect();
        let left: Vec<Address> =
            self.changes.keys().filter(|address| !met.contains(address)).cloned().collect();
        for address in left {
            self.skip(address, because.clone(), report);
        }
    }
}
