//! Reports on a run: emits an event for each thing that happens, and collects the report.

use std::collections::HashSet;
use std::time::Duration;

use super::event::{Event, FailedResource, Report, Skipped, Writer};
use crate::plan::{Action, Change};
use crate::resource::{Address, Problem};

/// Emits events, and adds to the report what belongs there.
pub(super) struct Reporter<'p> {
    emit: &'p (dyn Fn(Event) + Send + Sync),
    report: Report,
}

impl<'p> Reporter<'p> {
    pub(super) fn new(emit: &'p (dyn Fn(Event) + Send + Sync)) -> Self {
        Self { emit, report: Report::default() }
    }

    pub(super) fn report(&self) -> &Report {
        &self.report
    }

    pub(super) fn into_report(self) -> Report {
        self.report
    }

    /// The run begins nothing more, and finishes what is under way. The event is emitted once.
    pub(super) fn stopping(&mut self) {
        if !self.report.stopped {
            self.report.stopped = true;
            (self.emit)(Event::Stopping);
        }
    }

    /// The run ends at once. There is no event for that.
    pub(super) fn stopped(&mut self) {
        self.report.stopped = true;
    }

    pub(super) fn started(&self, change: &Change) {
        (self.emit)(Event::Started { address: change.address.clone(), action: change.action });
    }

    /// Makes the callback of a wait for this resource, which emits what is still missing.
    pub(super) fn progress(&self, address: &Address) -> impl Fn(&str) + Send + Sync + use<'p> {
        let (emit, address) = (self.emit, address.clone());
        move |missing: &str| emit(Event::Waiting { address: address.clone(), missing: missing.to_owned() })
    }

    pub(super) fn warning(&self, address: &Address, text: String) {
        (self.emit)(Event::Warning { address: address.clone(), text });
    }

    pub(super) fn finished(&self, address: &Address, action: Action, elapsed: Duration) {
        (self.emit)(Event::Finished { address: address.clone(), action, elapsed });
    }

    /// The resource was written before this run, and is ready now.
    pub(super) fn ready(&mut self, address: &Address, elapsed: Duration) {
        (self.emit)(Event::Ready { address: address.clone(), elapsed });
        self.report.ready.push(address.clone());
    }

    /// The rest goes on without it.
    pub(super) fn unseen(&mut self, address: &Address) {
        (self.emit)(Event::Unseen { address: address.clone() });
        self.report.unseen.push(address.clone());
    }

    pub(super) fn done(&mut self, address: &Address, action: Action) {
        self.report.done.push((address.clone(), action));
    }

    pub(super) fn failed(&mut self, address: &Address, action: Action, problem: Problem) {
        let failure = FailedResource { address: address.clone(), problem };
        (self.emit)(Event::Failed { failure: failure.clone(), action });
        self.report.failed.push(failure);
    }

    /// The resource was not tried, because of `because`, or because the run was stopped.
    pub(super) fn skipped(&mut self, address: Address, because: Option<Address>) {
        let skipped = Skipped { address, because };
        (self.emit)(Event::Skipped(skipped.clone()));
        self.report.skipped.push(skipped);
    }

    /// The resource was written, by this run or an earlier one, or a person was asked for it, and the run was stopped before it was
    /// ready.
    pub(super) fn unwaited(&mut self, change: &Change) {
        let (address, writer) = (change.address.clone(), Writer::of(change));
        (self.emit)(Event::Unwaited { address: address.clone(), action: change.action, writer });
        match writer {
            Writer::ThisRun | Writer::AnEarlierRun => self.report.unwaited.push(address),
            Writer::APerson => self.report.asked.push(address),
        }
    }

    /// The object is on its way out, and the run was stopped before it was gone.
    pub(super) fn leaving(&mut self, change: &Change) {
        let address = change.address.clone();
        (self.emit)(Event::Leaving { address: address.clone(), action: change.action });
        self.report.leaving.push(address);
    }

    /// The resources that the report names so far.
    pub(super) fn named(&self) -> HashSet<&Address> {
        let done = self.report.done.iter().map(|(address, _)| address);
        let failed = self.report.failed.iter().map(|failure| &failure.address);
        let skipped = self.report.skipped.iter().map(|skipped| &skipped.address);
        let unfinished = self.report.unwaited.iter().chain(&self.report.asked).chain(&self.report.leaving);
        done.chain(&self.report.ready)
            .chain(&self.report.unseen)
            .chain(failed)
            .chain(skipped)
            .chain(unfinished)
            .collect()
    }
}
