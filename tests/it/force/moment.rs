//! When a run is killed.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, seq::IndexedRandom as _};
use regplan::state::{Backend, Journal, RunId};
use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Command, Ended, Proxy, Running, Seen, block_on};

/// The moment of a kill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// So many of its writes have reached the server, and the next one never does.
    BeforeWrite(usize),
    /// So many of its writes were answered; the server has done the next one, and nobody hears of it.
    AfterWrite(usize),
    /// Its first write of an object of the project never reaches the server.
    BeforeObject,
    /// The server has done its first write of an object of the project, and nobody hears of it.
    AfterObject,
    /// So many of its requests have reached the server or the store, and the next one never does.
    BeforeRequest(usize),
    /// So many of its requests were answered; the server or the store has done the next one, and nobody hears of it.
    AfterRequest(usize),
    /// Its journal has so many lines.
    AtLine(usize),
    /// It has made so many changes in the folder of its state.
    AtChange(usize),
    /// So much time has passed.
    After(Duration),
}

/// Something that is looked at for the moment of a kill, and that counts.
pub(crate) trait Sight {
    /// Waits until it has counted so far, or the run has ended.
    fn wait_for(&self, count: usize, running: &mut Running);
}

impl Moment {
    /// One within a run that writes so many objects and takes about so long.
    pub(crate) fn random(rng: &mut StdRng, objects: usize, time: Duration) -> Self {
        let count = rng.random_range(0..objects);
        let kinds = [
            Self::BeforeWrite(count),
            Self::AfterWrite(count),
            Self::AtLine(count + 1),
            Self::After(time.mul_f64(rng.random_range(0.0..1.0))),
        ];
        *kinds.choose(rng).unwrap()
    }

    /// Its kind, for figures.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::BeforeWrite(_) => "before a write reaches the server",
            Self::AfterWrite(_) => "after the server has done a write, before its answer",
            Self::BeforeObject => "before the first write of an object reaches the server",
            Self::AfterObject => "after the server has done the write of an object, before its answer",
            Self::BeforeRequest(_) => "before a request reaches the server or the store",
            Self::AfterRequest(_) => "after the server or the store has done a request, before its answer",
            Self::AtLine(_) => "after a line of the journal",
            Self::AtChange(_) => "after a change in the folder of the state",
            Self::After(_) => "at any time",
        }
    }

    /// Runs the command through the proxy, and kills it at this moment unless it has ended before. Where that is a count of
    /// something else than requests, `sight` counts.
    #[track_caller]
    pub(crate) fn kill(self, command: Command, proxy: &Proxy, sight: &dyn Sight) -> Ended {
        let victim = Arc::new(OnceLock::new());
        let kill = {
            let victim = Arc::clone(&victim);
            move || {
                let _ = kill_process(*victim.wait(), Signal::KILL);
            }
        };
        let request = |after| proxy.on("*", "*").after(after).times(1);
        let write = |after| request(after).only(Seen::is_write);
        match self {
            Self::BeforeWrite(after) => write(after).instead(kill.clone()),
            Self::AfterWrite(after) => write(after).then(kill.clone()),
            Self::BeforeObject => request(0).only(is_of_an_object).instead(kill.clone()),
            Self::AfterObject => request(0).only(is_of_an_object).then(kill.clone()),
            Self::BeforeRequest(after) => request(after).instead(kill.clone()),
            Self::AfterRequest(after) => request(after).then(kill.clone()),
            Self::AtLine(_) | Self::AtChange(_) | Self::After(_) => {}
        }
        let mut running = command.spawn();
        let id = i32::try_from(running.id()).unwrap();
        victim.set(Pid::from_raw(id).unwrap()).unwrap();
        match self {
            Self::BeforeWrite(_)
            | Self::AfterWrite(_)
            | Self::BeforeObject
            | Self::AfterObject
            | Self::BeforeRequest(_)
            | Self::AfterRequest(_) => {}
            Self::AtLine(count) | Self::AtChange(count) => {
                sight.wait_for(count, &mut running);
                running.kill_now();
            }
            // A moment that nothing announces is a time.
            Self::After(time) => {
                std::thread::sleep(time);
                running.kill_now();
            }
        }
        let ended = running.wait().any();
        proxy.clear_faults();
        ended
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BeforeWrite(count) => write!(f, "before write {count}"),
            Self::AfterWrite(count) => write!(f, "after write {count}"),
            Self::BeforeObject => f.write_str("before the write of an object"),
            Self::AfterObject => f.write_str("after the write of an object"),
            Self::BeforeRequest(count) => write!(f, "before request {count}"),
            Self::AfterRequest(count) => write!(f, "after request {count}"),
            Self::AtLine(count) => write!(f, "at line {count} of the journal"),
            Self::AtChange(count) => write!(f, "at change {count} of the folder"),
            Self::After(time) => write!(f, "after {time:?}"),
        }
    }
}

/// Whether it is a write of an object of the project. A state in the cluster is written there, too.
pub(crate) fn is_of_an_object(seen: &Seen) -> bool {
    let is_of_a_state = seen.namespace.as_ref().is_some_and(|namespace| namespace.ends_with("-states"));
    seen.is_write() && !is_of_a_state
}

/// The journal of a run, looked at while it is written. What an earlier run has left does not count.
pub(crate) struct Watched<'b> {
    place: &'b dyn Backend,
    interval: Duration,
    /// The run whose journal was there before.
    before: Option<RunId>,
}

/// How often a journal is looked at that an earlier run has left. Where its lock has to run out, this takes seconds.
const WHILE_NOTHING_BEGINS: Duration = Duration::from_millis(50);

impl<'b> Watched<'b> {
    /// The journal of the run that begins next in this place, to be looked at this often while it is written.
    pub(crate) fn of_next_run(place: &'b dyn Backend, interval: Duration) -> Self {
        let before = block_on(place.journal()).unwrap();
        Self { place, interval, before: before.map(|journal| journal.begin.run) }
    }
}

impl Sight for Watched<'_> {
    fn wait_for(&self, lines: usize, running: &mut Running) {
        while !running.has_ended() {
            let interval = match block_on(self.place.journal()) {
                Ok(Some(journal)) if self.before.as_ref() == Some(&journal.begin.run) => WHILE_NOTHING_BEGINS,
                Ok(Some(journal)) if line_count(&journal) >= lines => return,
                // While it is written it may be unreadable.
                _ => self.interval,
            };
            std::thread::sleep(interval);
        }
    }
}

fn line_count(journal: &Journal) -> usize {
    1 + journal.outcomes.len() + usize::from(journal.end.is_some())
}
