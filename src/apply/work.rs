//! What is to do of a plan: which resource is begun next, and what the end of a step means for the others.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::event::{Record, Recorder};
use super::hooks::{self, LeavingCharts, OpenHooks, leftover, leftovers};
use super::place::Place;
use super::record;
use super::reporter::Reporter;
use super::step::{self, Step, StepResult};
use super::task::{Dependency, Done, Task};
use super::to_come::{is_asked_for, to_come};
use crate::graph::{Direction, Queue};
use crate::kubernetes::completion::is_taken_away;
use crate::plan::{self, Action, Change, Plan};
use crate::provider::{OnTrouble, Provider, ToCome};
use crate::resource::{Address, BlockAddress, Ending, Live, Problem, Reference, is_house_group};

/// A plan that is carried out.
pub(super) struct Work<'p> {
    plan: &'p Plan,
    changes: BTreeMap<Address, &'p Change>,
    /// What others may wait for without depending on it.
    to_come: ToCome,
    provider: &'p dyn Provider,
    /// The gentle stop: what waits ends.
    stop: CancellationToken,
    on_trouble: OnTrouble,
    queue: Queue,
    waiting: VecDeque<Address>,
    /// The objects that are done, as they are now, for the resources that refer to them.
    current: HashMap<Address, Arc<Live>>,
    /// The uids of the objects that were written, also of those that are gone again.
    made_here: BTreeSet<String>,
    started: HashMap<Address, Instant>,
    /// What ends by itself, and the digest of what each of them runs with.
    completing: HashMap<Address, String>,
    /// The resources that are being written at this moment.
    writing: BTreeSet<Address>,
    /// The hooks that have not done their work yet.
    hooks: OpenHooks<'p>,
    /// The charts of which not all is deleted yet.
    leaving: LeavingCharts<'p>,
    /// The resources that something written depends on: they must be ready even if they are unchanged.
    carries: HashSet<Address>,
}

impl<'p> Work<'p> {
    pub(super) fn new(
        plan: &'p Plan,
        provider: &'p dyn Provider,
        stop: CancellationToken,
        on_trouble: OnTrouble,
    ) -> Self {
        let changes: BTreeMap<Address, &Change> =
            plan.changes.iter().map(|change| (change.address.clone(), change)).collect();
        let written = changes.values().filter(|change| change.action.writes());
        let carries =
            written.flat_map(|change| change.dependencies.iter().chain(&change.awaits).cloned()).collect();
        let mut queue = plan.order().queue(Direction::Apply);
        let waiting = queue.ready().into();
        Self {
            plan,
            to_come: to_come(changes.values().copied()),
            changes,
            provider,
            stop,
            on_trouble,
            queue,
            waiting,
            current: HashMap::new(),
            made_here: BTreeSet::new(),
            started: HashMap::new(),
            completing: HashMap::new(),
            writing: BTreeSet::new(),
            hooks: OpenHooks::of(plan),
            leaving: LeavingCharts::of(plan),
            carries,
        }
    }

    /// The resources that are being written at this moment.
    pub(super) fn into_writing(self) -> BTreeSet<Address> {
        self.writing
    }

    /// Notes the hooks that are to run, before anything else is done.
    pub(super) fn note_hooks_due(&self, recorder: &mut dyn Recorder) {
        hooks::due(self.plan).for_each(|record| recorder.note(record));
    }

    /// Whether something can be begun.
    pub(super) fn has_ready(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Begins the next resource. Where there is nothing to wait for, it is done.
    pub(super) fn begin_next(
        &mut self,
        place: Place,
        recorder: &mut dyn Recorder,
        reporter: &mut Reporter<'p>,
    ) -> Option<Step<'p>> {
        let address = self.waiting.pop_front()?;
        let step = self.begin(&address, place, reporter);
        if step.is_none() {
            self.finish(&address, recorder, reporter);
        }
        step
    }

    /// Begins the first step of a resource; `None` where there is nothing to wait for.
    fn begin(&mut self, address: &Address, place: Place, reporter: &Reporter<'p>) -> Option<Step<'p>> {
        let change = *self.changes.get(address)?;
        self.started.insert(address.clone(), Instant::now());
        let progress = reporter.progress(address);
        match change.action {
            Action::Keep | Action::Forget => None,
            Action::None => {
                if let Some(live) = &change.prior {
                    self.current.insert(address.clone(), live.clone());
                }
                let is_needed = self.is_waited_for(change) && !change.has_completed();
                let task = self.task(change).filter(|_| is_needed)?;
                reporter.started(change);
                self.note_content(change, change.prior.as_deref(), change.send.as_ref());
                Some(step::settle(task, self.provider, progress, self.stop.clone()))
            }
            Action::Delete => {
                reporter.started(change);
                self.writing.insert(address.clone());
                let (made_here, stop) = (self.made_beside(change), self.stop.clone());
                Some(step::delete(change, made_here, place, self.provider, progress, stop))
            }
            Action::Create | Action::Update | Action::Replace | Action::Run | Action::Adopt => {
                reporter.started(change);
                self.writing.insert(address.clone());
                let task = self.task(change)?;
                Some(step::write(task, place, self.provider, progress, self.stop.clone()))
            }
        }
    }

    /// Whether a resource that stays as it is must be ready before the run ends, or goes on.
    fn is_waited_for(&self, change: &Change) -> bool {
        change.awaited || self.carries.contains(&change.address)
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
        let current = self.current.get(&change.address).cloned();
        let made_here = self.made_beside(change);
        Some(Task {
            change,
            desired,
            plan: self.plan,
            dependencies,
            current,
            made_here,
            on_trouble: self.on_trouble,
            to_come: self.to_come.clone(),
        })
    }

    /// The uids of what this run has made so far, where the change deletes an object that takes others with it.
    fn made_beside(&self, change: &Change) -> BTreeSet<String> {
        if plan::takes_others(change) { self.made_here.clone() } else { BTreeSet::new() }
    }

    /// Handles the end of a step; what it means for the state is noted. Returns the next step of the same resource, where there is one.
    pub(super) fn take(
        &mut self,
        result: StepResult,
        recorder: &mut dyn Recorder,
        reporter: &mut Reporter<'p>,
    ) -> Option<Step<'p>> {
        if let StepResult::Wrote { address, .. }
        | StepResult::Cut { address }
        | StepResult::Leaving { address } = &result
        {
            self.writing.remove(address);
        }
        match result {
            StepResult::Wrote { address, result: Ok(Done::Present { sent, live, warnings }) } => {
                warn(&address, warnings, reporter);
                return self.written(&address, &sent, live, recorder, reporter);
            }
            StepResult::Wrote { address, result: Ok(Done::Gone) } => self.gone(&address, recorder, reporter),
            StepResult::Wrote { address, result: Err(problem) }
            | StepResult::Settled { address, result: Err(problem) } => {
                return self.failed(address, problem, recorder, reporter);
            }
            StepResult::Settled { address, result: Ok(live) } => {
                return self.settled(address, live, recorder, reporter);
            }
            StepResult::CleanedUp { address, failed, gone, trouble } => {
                // The state remembers them as what has run.
                for address in &gone {
                    self.current.remove(address);
                }
                warn(&address, trouble, reporter);
                match failed {
                    Some(problem) => self.fail(&address, problem, recorder, reporter),
                    None => self.finish(&address, recorder, reporter),
                }
            }
            StepResult::Cut { address } => reporter.skipped(address, None),
            StepResult::Leaving { address } => {
                if let Some(change) = self.changes.get(&address) {
                    reporter.leaving(change);
                }
            }
            StepResult::Unwaited { address } => {
                if let Some(change) = self.changes.get(&address) {
                    reporter.unwaited(change);
                }
            }
        }
        None
    }

    /// Notes what was written. The wait until it is ready is next.
    fn written(
        &mut self,
        address: &Address,
        sent: &Value,
        live: Box<Live>,
        recorder: &mut dyn Recorder,
        reporter: &Reporter<'p>,
    ) -> Option<Step<'p>> {
        let change = self.changes.get(address).copied()?;
        let desired = change.desired.as_deref();
        let applied = desired.map(|desired| Arc::new(plan::record(&self.plan.project, desired, sent, &live)));
        recorder.note(record::present(change, applied, Some(&live)));
        self.note_content(change, Some(&live), Some(sent));
        self.made_here.insert(live.stamp.uid.clone());
        if is_asked_for(&change.target.identity) {
            self.to_come.remove(&change.target.identity);
        }
        self.current.insert(address.clone(), Arc::from(live));
        let (progress, stop) = (reporter.progress(address), self.stop.clone());
        self.task(change).map(|task| step::settle(task, self.provider, progress, stop))
    }

    /// Notes that an object was deleted.
    fn gone(&mut self, address: &Address, recorder: &mut dyn Recorder, reporter: &mut Reporter<'p>) {
        if let Some(change) = self.changes.get(address) {
            recorder.note(record::gone(change));
            warn(address, left_to_a_person(change), reporter);
        }
        self.release(address, recorder, reporter);
    }

    /// A resource that is ready is done, unless hooks are to be deleted after it.
    fn settled(
        &mut self,
        address: Address,
        live: Option<Arc<Live>>,
        recorder: &mut dyn Recorder,
        reporter: &mut Reporter<'p>,
    ) -> Option<Step<'p>> {
        if let Some(live) = live {
            self.current.insert(address.clone(), live);
        }
        let completed = self.completing.remove(&address);
        recorder.note(Record::Ready { address: address.clone(), completed });
        let change = self.changes.get(&address).copied()?;
        if self.hooks.close(change) {
            let leftovers = leftovers(self.plan, change, &self.current);
            return Some(step::clean_up(address, None, leftovers, self.provider));
        }
        self.finish(&address, recorder, reporter);
        None
    }

    /// A resource that has failed stays so, and the hook that its chart wants deleted then is deleted first.
    fn failed(
        &mut self,
        address: Address,
        problem: Problem,
        recorder: &mut dyn Recorder,
        reporter: &mut Reporter<'p>,
    ) -> Option<Step<'p>> {
        let change = self.changes.get(&address).copied();
        if let Some(leftover) = change.and_then(|change| leftover(change, Ending::Failed, &self.current)) {
            return Some(step::clean_up(address, Some(problem), vec![leftover], self.provider));
        }
        self.fail(&address, problem, recorder, reporter);
        None
    }

    /// Notes the digest of what an object runs with that ends by itself.
    fn note_content(&mut self, change: &Change, live: Option<&Live>, sent: Option<&Value>) {
        let Some(desired) = change.desired.as_deref() else { return };
        let ends = live.is_some_and(|live| is_taken_away(&change.target.identity, &live.object));
        if desired.hook.is_some() || ends {
            let content = plan::content_digest(desired, sent.unwrap_or(&desired.object));
            self.completing.insert(change.address.clone(), content);
        }
    }

    /// Notes what a change without a write means for the state, and lets the resources begin that waited for it.
    fn finish(&mut self, address: &Address, recorder: &mut dyn Recorder, reporter: &mut Reporter<'p>) {
        if let Some(change) = self.changes.get(address).copied() {
            record::without_write(change).for_each(|record| recorder.note(record));
            self.hooks.close(change);
        }
        self.release(address, recorder, reporter);
    }

    /// Counts the resource as done, and lets the resources begin that waited for it.
    fn release(&mut self, address: &Address, recorder: &mut dyn Recorder, reporter: &mut Reporter<'p>) {
        self.waiting.extend(self.queue.finish(address));
        let Some(change) = self.changes.get(address).copied() else { return };
        self.to_come.remove(&change.target.identity);
        if self.leaving.close(change) {
            self.forget_hooks_of(&change.address.block, recorder);
        }
        let action = change.action;
        let elapsed = self.started.get(address).map(Instant::elapsed).unwrap_or_default();
        let is_settled = change.awaited || (action.writes() && action != Action::Delete);
        if is_settled && self.provider.goes_on_without(&change.target) {
            reporter.unseen(address);
            return;
        }
        if change.awaited {
            reporter.ready(address, elapsed);
        } else if action.writes() || (action == Action::None && self.is_waited_for(change)) {
            reporter.finished(address, action, elapsed);
        }
        if action.writes() {
            reporter.done(address, action);
        }
    }

    /// Notes that the hooks of a chart are gone of which all is deleted now. What could not be deleted stays known: the
    /// next plan deletes it.
    fn forget_hooks_of(&self, chart: &BlockAddress, recorder: &mut dyn Recorder) {
        let of_chart = self.changes.values().filter(|change| change.address.block == *chart);
        let gone = of_chart
            .filter(|change| hooks::is_of_deletion(change) && !self.current.contains_key(&change.address));
        gone.for_each(|change| recorder.note(record::gone(change)));
    }

    /// Notes a failure, and skips the resources that waited for this one.
    fn fail(
        &mut self,
        address: &Address,
        problem: Problem,
        recorder: &mut dyn Recorder,
        reporter: &mut Reporter<'p>,
    ) {
        let change = self.changes.get(address).copied();
        let problem = match change {
            Some(change) => hooks::told(self.plan, change, problem),
            None => problem,
        };
        self.comes_no_more(address);
        recorder.note(Record::Failed { address: address.clone(), problem: Box::new(problem.clone()) });
        let action = change.map_or(Action::None, |change| change.action);
        reporter.failed(address, action, problem);
        for skipped in self.queue.fail(address) {
            self.comes_no_more(&skipped);
            self.skip(skipped, Some(address.clone()), reporter);
        }
    }

    fn comes_no_more(&self, address: &Address) {
        if let Some(change) = self.changes.get(address) {
            self.to_come.remove(&change.target.identity);
        }
    }

    /// Reports that a resource was not tried, where there was something to write.
    fn skip(&self, address: Address, because: Option<Address>, reporter: &mut Reporter<'p>) {
        if self.changes.get(&address).is_some_and(|change| change.action.writes()) {
            reporter.skipped(address, because);
        }
    }

    /// Reports every resource that was not begun as skipped.
    pub(super) fn skip_all(&self, reporter: &mut Reporter<'p>) {
        let because = reporter.report().failed.first().map(|failure| failure.address.clone());
        let named = reporter.named();
        let left: Vec<Address> =
            self.changes.keys().filter(|address| !named.contains(address)).cloned().collect();
        for address in left {
            self.skip(address, because.clone(), reporter);
        }
    }
}

/// What a person has to do now that this is deleted: the plan has told it of what lives outside of the cluster.
fn left_to_a_person(change: &Change) -> Vec<String> {
    let is_outside = change.action == Action::Delete && is_house_group(&change.target.identity.group);
    if is_outside { change.warnings.clone() } else { Vec::new() }
}

/// Tells what went wrong beside a change without making it fail.
fn warn(address: &Address, warnings: Vec<String>, reporter: &mut Reporter<'_>) {
    for text in warnings {
        reporter.warning(address, text);
    }
}
