//! The loop of a run: resources whose dependencies are done are begun, as many at once as allowed.

use futures::FutureExt as _;
use futures::stream::{FuturesUnordered, StreamExt as _};
use tokio_util::sync::CancellationToken;

use super::event::{Event, Recorder, Report};
use super::place::Places;
use super::reporter::Reporter;
use super::step::{Step, StepResult};
use super::work::Work;
use crate::plan::Plan;
use crate::provider::{OnTrouble, Provider};
use crate::resource::Problem;

/// How an apply works.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How many resources are written at once. Those that wait for something are not counted.
    pub parallelism: usize,
    /// What becomes of a wait where something goes wrong that waiting may not heal.
    pub on_trouble: OnTrouble,
}

/// Asks a run to end early. The first stage finishes the writes under way, the second one does not.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// Begin nothing more; finish the writes under way, wait for nothing.
    pub gently: CancellationToken,
    /// Stop at once; writes under way are left without an answer.
    pub at_once: CancellationToken,
}

/// Applies the plan in its [order](Plan::order): everything that is written, in dependency order; then, if all of that
/// was done, the deletes in reverse order. Only what a write awaits is deleted before it.
///
/// # Errors
/// Only those of the recorder: a fact could not be recorded. Everything else is in the report.
pub async fn run(
    plan: &Plan,
    provider: &dyn Provider,
    recorder: &mut dyn Recorder,
    emit: &(dyn Fn(Event) + Send + Sync),
    stop: &Stop,
    options: Options,
) -> Result<Report, Problem> {
    let mut reporter = Reporter::new(emit);
    let mut work = Work::new(plan, provider, stop.gently.clone(), options.on_trouble);
    let places = Places::new(options.parallelism);
    let result = carry_out(&mut work, &places, stop, recorder, &mut reporter).await;
    // Where it ends early, writes are left behind whose answers nobody waits for.
    let left = work.into_writing();
    if !left.is_empty() {
        recorder.leave_in_flight(left);
    }
    result.map(|()| reporter.into_report())
}

/// Does all changes.
async fn carry_out<'p>(
    work: &mut Work<'p>,
    places: &Places,
    stop: &Stop,
    recorder: &mut dyn Recorder,
    reporter: &mut Reporter<'p>,
) -> Result<(), Problem> {
    let mut under_way: FuturesUnordered<Step<'p>> = FuturesUnordered::new();
    work.note_hooks_due(recorder);
    recorder.keep().await?;
    loop {
        let stopping = stop.gently.is_cancelled();
        if stopping {
            reporter.stopping();
        } else {
            begin_ready(work, places, &mut under_way, recorder, reporter);
        }
        if under_way.is_empty() {
            break;
        }
        let mut results = keep_beside(recorder, &mut under_way).await?;
        let is_more_to_begin = !stopping && work.has_ready();
        if results.is_empty() {
            results = tokio::select! {
                biased;
                () = stop.at_once.cancelled() => {
                    reporter.stopped();
                    break;
                }
                results = all_ended(&mut under_way) => results,
                // A resource that waits from now on has left its place.
                () = places.wait(), if is_more_to_begin => continue,
            };
        }
        // Said before what the stop has ended.
        if stop.gently.is_cancelled() {
            reporter.stopping();
        }
        for result in results {
            under_way.extend(work.take(result, recorder, reporter));
        }
    }
    recorder.keep().await?;
    if reporter.report().stopped {
        work.skip_all(reporter);
    }
    Ok(())
}

/// Begins what is ready, as long as there are places.
fn begin_ready<'p>(
    work: &mut Work<'p>,
    places: &Places,
    under_way: &mut FuturesUnordered<Step<'p>>,
    recorder: &mut dyn Recorder,
    reporter: &mut Reporter<'p>,
) {
    while work.has_ready() {
        let Some(place) = places.free() else { break };
        under_way.extend(work.begin_next(place, recorder, reporter));
    }
}

/// Waits until a step has ended. Returns it, with all the others that have ended by then: their outcomes are kept
/// together.
async fn all_ended(under_way: &mut FuturesUnordered<Step<'_>>) -> Vec<StepResult> {
    let mut ended = Vec::from_iter(under_way.next().await);
    while let Some(Some(another)) = under_way.next().now_or_never() {
        ended.push(another);
    }
    ended
}

/// Keeps what was noted while the steps under way go on, and returns those that have ended meanwhile. The disk, or the
/// server that has the state, takes its time, and nothing that was begun waits for it: the run has recorded all that it
/// is going to do before it began.
async fn keep_beside(
    recorder: &mut dyn Recorder,
    under_way: &mut FuturesUnordered<Step<'_>>,
) -> Result<Vec<StepResult>, Problem> {
    let mut ended = Vec::new();
    let mut kept = recorder.keep();
    loop {
        tokio::select! {
            biased;
            kept = &mut kept => return kept.map(|()| ended),
            Some(result) = under_way.next() => ended.push(result),
        }
    }
}
