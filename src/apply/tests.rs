//! Tests of what a run records, and of what it leaves in flight where it ends early.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::testing::{TakesEveryWrite, config_map, create, creation, desired, plan};
use super::*;
use crate::provider::OnTrouble;
use crate::resource::{Address, Expression, LiveReference, Problem, ProblemKind, Reference};

/// A recorder that keeps a short note of each record. Its disk has room for `room` of them.
struct Notes {
    room: usize,
    records: Vec<String>,
    in_flight: BTreeSet<Address>,
    stop: Stop,
}

#[async_trait]
impl Recorder for Notes {
    fn note(&mut self, record: Record) {
        self.records.push(match record {
            Record::Present { address, .. } => format!("{address} written"),
            Record::Due { address, .. } => format!("{address} due"),
            Record::Moved { address, from } => format!("{from} is {address}"),
            Record::Ready { address, .. } => format!("{address} ready"),
            Record::Gone { address, .. } => format!("{address} gone"),
            Record::Forgotten { address, .. } => format!("{address} forgotten"),
            Record::Failed { address, .. } => format!("{address} failed"),
        });
        // The run is stopped after its first record.
        if self.records.len() == 1 && self.room == STOPPED {
            self.stop.at_once.cancel();
        }
    }

    async fn keep(&mut self) -> Result<(), Problem> {
        if self.room < self.records.len() {
            return Err(Problem::new(ProblemKind::Other, "the disk is full"));
        }
        Ok(())
    }

    fn leave_in_flight(&mut self, writes: BTreeSet<Address>) {
        self.in_flight.extend(writes);
    }
}

/// A value of `room` that is large enough, and that stops the run at its first record.
const STOPPED: usize = 1000;

/// Creates objects with these names, all at once.
async fn applied(names: &[&str], room: usize) -> (Result<Report, Problem>, Notes) {
    let plan = plan(names.iter().map(|name| create(&config_map(name))).collect());
    let stop = Stop::default();
    let mut notes = Notes { room, records: Vec::new(), in_flight: BTreeSet::new(), stop: stop.clone() };
    let options = Options { parallelism: names.len(), on_trouble: OnTrouble::Wait };
    let report = run(&plan, &TakesEveryWrite::default(), &mut notes, &|_| (), &stop, options).await;
    (report, notes)
}

fn addresses(names: &[&str]) -> BTreeSet<Address> {
    names.iter().map(|name| Address::block("resource", *name)).collect()
}

#[tokio::test]
async fn a_write_is_recorded_at_once_and_once_more_when_it_is_ready() {
    let (report, notes) = applied(&["a"], 10).await;
    assert!(report.unwrap().is_complete());
    assert_eq!(notes.records, ["resource.a written", "resource.a ready"]);
    assert!(notes.in_flight.is_empty(), "nothing is left of a run that ends of itself");
    let (report, notes) = applied(&["never-ready"], 10).await;
    assert_eq!(report.unwrap().failed.len(), 1);
    assert_eq!(notes.records, ["resource.never-ready written", "resource.never-ready failed"]);
    assert!(notes.in_flight.is_empty());
}

#[tokio::test]
async fn what_nobody_has_looked_at_does_not_count_as_ready() {
    let plan = plan(["a", "by-hand"].map(|name| create(&config_map(name))).into());
    let said = std::sync::Mutex::new(Vec::new());
    let emit = |event: Event| match event {
        Event::Finished { address, .. } => said.lock().unwrap().push(format!("{address} finished")),
        Event::Unseen { address } => said.lock().unwrap().push(format!("{address} unseen")),
        _ => {}
    };
    let stop = Stop::default();
    let mut notes = Notes { room: 10, records: Vec::new(), in_flight: BTreeSet::new(), stop: stop.clone() };
    let options = Options { parallelism: 1, on_trouble: OnTrouble::Wait };
    let report = run(&plan, &TakesEveryWrite::default(), &mut notes, &emit, &stop, options).await.unwrap();
    assert!(report.is_complete(), "the rest goes on without it");
    assert_eq!(report.unseen, [Address::block("resource", "by-hand")]);
    let mut said = said.into_inner().unwrap();
    said.sort();
    assert_eq!(said, ["resource.a finished", "resource.by-hand unseen"]);
}

#[tokio::test]
async fn a_run_that_cannot_record_leaves_the_other_writes_in_flight() {
    let (report, notes) = applied(&["a", "b", "silent"], 0).await;
    assert_eq!(report.unwrap_err().message, "the disk is full");
    // The writes that could not be kept have their outcomes: the recorder was told of both at once.
    assert_eq!(notes.records.len(), 2, "{:?}", notes.records);
    assert_eq!(notes.in_flight, addresses(&["silent"]));
}

#[tokio::test]
async fn a_run_that_is_stopped_at_once_leaves_in_flight_what_was_not_answered() {
    let (report, notes) = applied(&["a", "silent"], STOPPED).await;
    let report = report.unwrap();
    assert!(report.stopped && !report.is_complete());
    assert_eq!(notes.records, ["resource.a written"]);
    assert_eq!(notes.in_flight, addresses(&["silent"]));
}

/// A recorder whose disk takes as long as the next write takes to begin.
struct SlowDisk {
    begun: Arc<Semaphore>,
    noted: usize,
}

#[async_trait]
impl Recorder for SlowDisk {
    fn note(&mut self, record: Record) {
        self.noted += usize::from(matches!(record, Record::Present { .. }));
    }

    async fn keep(&mut self) -> Result<(), Problem> {
        let wanted = if self.noted > 0 { 2 } else { 0 };
        drop(self.begun.acquire_many(wanted).await);
        Ok(())
    }

    fn leave_in_flight(&mut self, _: BTreeSet<Address>) {}
}

#[tokio::test]
async fn the_next_write_begins_while_an_outcome_is_kept() {
    let plan = plan(["a", "b"].map(|name| create(&config_map(name))).into());
    let begun = Arc::new(Semaphore::new(0));
    let begins = Arc::clone(&begun);
    let provider = TakesEveryWrite { before_write: Box::new(move |_| begins.add_permits(1)) };
    let options = Options { parallelism: 1, on_trouble: OnTrouble::Wait };
    let (mut disk, stop) = (SlowDisk { begun, noted: 0 }, Stop::default());
    let report = run(&plan, &provider, &mut disk, &|_| (), &stop, options);
    let report = tokio::time::timeout(Duration::from_secs(10), report).await;
    assert!(report.expect("the second write waits for the disk").unwrap().is_complete());
}

#[tokio::test]
async fn a_reference_that_leads_nowhere_says_what_to_do() {
    let mark = Reference::Live(LiveReference { text: "resource.lost.data.k".into() }).mark();
    let mut wanted = desired(&config_map("a"));
    let expression = Expression::parse(&mark).unwrap().unwrap();
    wanted.unresolved.insert("data.other".parse().unwrap(), expression);
    let (plan, stop) = (plan(vec![creation(wanted)]), Stop::default());
    let mut notes = Notes { room: 10, records: Vec::new(), in_flight: BTreeSet::new(), stop: stop.clone() };
    let options = Options { parallelism: 1, on_trouble: OnTrouble::Wait };
    let report = run(&plan, &TakesEveryWrite::default(), &mut notes, &|_| (), &stop, options).await.unwrap();
    let problem = &report.failed[0].problem;
    assert_eq!(problem.message, "`resource.lost.data.k` refers to nothing");
    assert!(problem.help.as_ref().unwrap().contains("correct the reference in [resource.a]"), "{problem:?}");
}
