//! Runs the tests that a chart brings: what it marks as the hook `test`.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::alive::has_ended;
use super::{FOR_CLEANING, VerifyEvent};
use crate::apply::Stop;
use crate::kubernetes::kinds::holds_more_than_itself;
use crate::kubernetes::readiness::{Readiness, StorageClass, judge};
use crate::provider::{Guard, Provider, Until, Wait, Write};
use crate::resource::{Desired, Ending, Identity, Live, Problem, ProblemKind, Reading, ReadyRule, Target};
use crate::verify::{
    Check, Fault, Finding, Maker, Outcome, TestHolder, TestOwner, Verification, is_test_itself,
    test_begun_by_apply, test_beside_apply, test_failed, test_in_the_way, test_left, test_of_other_run,
    test_refused, test_without,
};

/// Who writes the objects.
const MANAGER: &str = "regplan-verify";
/// How much longer the end of a wait may take than the wait: it says why the object is still there.
const FOR_REASONS: Duration = Duration::from_secs(1);

/// The tests of one chart, in their order.
pub(super) struct ChartTests<'a> {
    pub(super) owner: TestOwner,
    pub(super) tests: Vec<Arc<Desired>>,
    pub(super) provider: &'a dyn Provider,
    /// Whether an apply goes on, which may need what it has run already.
    pub(super) beside_apply: bool,
    /// When nothing is waited for any more.
    pub(super) until: Instant,
    pub(super) stop: &'a Stop,
    pub(super) emit: &'a (dyn Fn(VerifyEvent<'_>) + Send + Sync),
}

/// How a test ended.
enum End {
    /// It did its work.
    Succeeded,
    /// It did not.
    Failed(Fault),
    /// Nobody waits for it any more.
    Stopped,
    /// Another run has it.
    Taken(Maker),
    /// It did not begin.
    NotBegun(Outcome),
}

/// What is there under the name of a test that is to be made.
enum Room {
    /// Nothing.
    Free,
    /// The object of an earlier run, which stays: more would be lost with it than itself.
    Kept(Arc<Live>),
    /// An object of the chart that is there for ever.
    OfChart(Arc<Live>),
}

impl ChartTests<'_> {
    /// Runs them one after the other. `secret` takes secrets out of what is said.
    pub(super) async fn all(self, secret: &(dyn Fn(Outcome) -> Outcome + Sync)) -> Verification {
        let (began, mut findings) = (Timestamp::now(), Vec::new());
        let (mut staying, mut obstacle): (Vec<(&Desired, End)>, Option<Outcome>) = (Vec::new(), None);
        for test in &self.tests {
            let is_shown = is_test_itself(&test.identity);
            if is_shown {
                (self.emit)(VerifyEvent::Began(Check::Tests));
            }
            let begun = Instant::now();
            let end = match self.hindered(test, obstacle.as_ref()) {
                Some(outcome) => End::NotBegun(outcome),
                None => self.run(test).await,
            };
            let outcome = outcome(test, &end);
            obstacle = obstacle.or_else(|| keeps_others(test, &end, &outcome));
            if is_shown || !outcome.lets_pass() {
                findings.push(self.finding(test, secret(outcome), begun));
            }
            match end {
                End::Taken(_) | End::NotBegun(_) => {}
                end if goes_at_once(test, &end) => {
                    findings.extend(self.clear(test, secret).await);
                }
                end => staying.push((test, end)),
            }
        }
        for (test, end) in staying {
            if matches!(end, End::Succeeded) && goes_after(test, Ending::Succeeded) {
                findings.extend(self.clear(test, secret).await);
            } else {
                self.let_go(test).await;
            }
        }
        Verification { block: self.owner.chart, url: None, at: began, findings }
    }

    fn finding(&self, test: &Desired, outcome: Outcome, begun: Instant) -> Finding {
        let Identity { kind, name, .. } = &test.identity;
        let finding = Finding {
            check: Check::Tests,
            object: Some(format!("{kind}/{name}")),
            outcome,
            took: begun.elapsed(),
        };
        (self.emit)(VerifyEvent::Finished(&finding));
        finding
    }

    /// Why a test is not run. `obstacle` keeps all of those that come after it from that.
    fn hindered(&self, test: &Desired, obstacle: Option<&Outcome>) -> Option<Outcome> {
        if self.stop.gently.is_cancelled() {
            return Some(stopped());
        }
        if let Some(obstacle) = obstacle {
            return Some(obstacle.clone());
        }
        if let Some((_, unchecked)) = test.unchecked.iter().next() {
            return Some(Outcome::Hindered { reason: unchecked.reason.clone(), fix: None });
        }
        (Instant::now() >= self.until).then(|| Outcome::Hindered {
            reason: "there was no time left".to_owned(),
            fix: Some("give it more time: `--timeout`".to_owned()),
        })
    }

    async fn run(&self, test: &Desired) -> End {
        match self.begin(test).await {
            Ok(live) => self.end(test, live).await,
            Err(end) => end,
        }
    }

    /// Makes the object. Where that fails because another run was faster, that is the reason.
    async fn begin(&self, test: &Desired) -> Result<Live, End> {
        let end = match self.made(test).await {
            Err(end @ End::NotBegun(_)) => end,
            done => return done,
        };
        match self.read(&test.target()).await.map(|live| live.map(|live| self.holder(test, &live))) {
            Ok(Some(TestHolder::Run(run))) => Err(End::Taken(run)),
            Ok(_) | Err(_) => Err(end),
        }
    }

    /// Makes the object. What is left of an earlier run makes room, unless more would be lost with it than itself. What is
    /// there for ever is used as it is.
    async fn made(&self, test: &Desired) -> Result<Live, End> {
        let guard = match self.room(test).await? {
            Room::Free => Guard::Absent,
            Room::Kept(live) => Guard::At(live.stamp.clone()),
            Room::OfChart(live) => return Ok((*live).clone()),
        };
        let write = write(test, self.owner.marked(&test.object), guard);
        let written = self.provider.write(&write).await;
        written.map(|written| written.live).map_err(|problem| refused(test, &problem))
    }

    /// Waits for the end of what ends by itself.
    async fn end(&self, test: &Desired, live: Live) -> End {
        if !is_test_itself(&test.identity) {
            return End::Succeeded;
        }
        let wait = Wait {
            uid: Some(live.stamp.uid.clone()),
            written: Some(Arc::new(live)),
            timeout: Some(self.until.saturating_duration_since(Instant::now())),
            ..Wait::of(test.target(), Until::Ready(Some(ReadyRule::Ended)))
        };
        tokio::select! {
            ended = self.provider.wait(&wait, &|_| {}) => match ended {
                Ok(_) => End::Succeeded,
                Err(problem) => End::Failed(test_failed(&test.identity, &problem)),
            },
            () = self.stop.gently.cancelled() => End::Stopped,
        }
    }

    /// What is there under the name of a test. What an earlier run has left is taken away.
    async fn room(&self, test: &Desired) -> Result<Room, End> {
        let live = match self.read(&test.target()).await {
            Ok(None) => return Ok(Room::Free),
            Ok(Some(live)) => live,
            Err(problem) => return Err(refused(test, &problem)),
        };
        match self.holder(test, &live) {
            TestHolder::Others => {
                return Err(End::NotBegun(Outcome::Failed(test_in_the_way(&test.identity))));
            }
            TestHolder::Run(run) => return Err(End::Taken(run)),
            TestHolder::Chart => return Ok(Room::OfChart(live)),
            TestHolder::Apply if self.beside_apply => {
                return Err(End::NotBegun(test_beside_apply(&test.identity)));
            }
            TestHolder::Apply if is_test_itself(&test.identity) && !has_ended_by_itself(test, &live) => {
                return Err(End::NotBegun(test_begun_by_apply(&test.identity)));
            }
            TestHolder::Us | TestHolder::Nobody if holds_more_than_itself(&test.identity) => {
                return Ok(Room::Kept(live));
            }
            TestHolder::Apply | TestHolder::Us | TestHolder::Nobody => {}
        }
        self.take_away(test, &live, self.until, &self.stop.gently).await.map_err(End::NotBegun)?;
        Ok(Room::Free)
    }

    /// Takes away the object of a test of this run. What came of it, where it is still there.
    async fn clear(&self, test: &Desired, secret: &(dyn Fn(Outcome) -> Outcome + Sync)) -> Option<Finding> {
        let begun = Instant::now();
        let cleared = match self.read(&test.target()).await {
            Ok(Some(live)) if self.holder(test, &live) == TestHolder::Us => {
                self.take_away(test, &live, self.until + FOR_CLEANING, &self.stop.at_once).await
            }
            Ok(_) => Ok(()),
            Err(problem) => Err(Outcome::Failed(test_left(&test.identity, &problem.message))),
        };
        cleared.err().map(|outcome| self.finding(test, secret(outcome), begun))
    }

    /// Lets the next run have the object of a test. Where that fails, the next run takes it when this one counts as ended.
    async fn let_go(&self, test: &Desired) {
        if self.stop.at_once.is_cancelled() {
            return;
        }
        if let Ok(Some(live)) = self.read(&test.target()).await
            && self.holder(test, &live) == TestHolder::Us
        {
            let write = write(test, self.owner.let_go(&test.object), Guard::At(live.stamp.clone()));
            drop(self.provider.write(&write).await);
        }
    }

    /// Deletes an object and waits until its name is free: as long as there is time, and nobody breaks it off.
    async fn take_away(
        &self,
        test: &Desired,
        live: &Live,
        until: Instant,
        broken_off: &CancellationToken,
    ) -> Result<(), Outcome> {
        let target = test.target();
        let left = |why: &str| Outcome::Failed(test_left(&test.identity, why));
        let gone = async {
            self.provider.delete(&target, live).await?;
            let wait = Wait {
                timeout: Some(until.saturating_duration_since(Instant::now())),
                ..Wait::of(target.clone(), Until::Gone { uid: live.stamp.uid.clone() })
            };
            self.provider.wait(&wait, &|_| {}).await.map(drop)
        };
        tokio::select! {
            biased;
            () = broken_off.cancelled() => Err(Outcome::Hindered {
                reason: format!("it was stopped before {} was deleted", test.identity),
                fix: None,
            }),
            gone = timeout_at(until + FOR_REASONS, gone) => match gone {
                Ok(Ok(())) => Ok(()),
                Ok(Err(problem)) => Err(left(&problem.message)),
                Err(_) => Err(left("no answer came in time")),
            },
        }
    }

    fn holder(&self, test: &Desired, live: &Live) -> TestHolder {
        self.owner.holder(&test.address, live, |run| has_ended(run, &self.owner.run))
    }

    /// The object; `None` where it is not there.
    async fn read(&self, target: &Target) -> Result<Option<Arc<Live>>, Problem> {
        match self.provider.read(std::slice::from_ref(target)).await.into_iter().next() {
            Some(Reading::Absent) => Ok(None),
            Some(Reading::Present(live)) => Ok(Some(live)),
            Some(Reading::Unreadable(problem)) => Err(problem),
            None => Err(Problem::new(ProblemKind::Other, "the cluster gave no answer")),
        }
    }
}

/// What is said of the end of a test.
fn outcome(test: &Desired, end: &End) -> Outcome {
    match end {
        End::Succeeded => Outcome::Passed(format!("{} has done its work", test.identity)),
        End::Failed(fault) => Outcome::Failed(fault.clone()),
        End::Stopped => stopped(),
        End::Taken(run) => test_of_other_run(&test.identity, run),
        End::NotBegun(outcome) => outcome.clone(),
    }
}

/// What is said of all tests that come after this one, where it keeps them from being run.
fn keeps_others(test: &Desired, end: &End, outcome: &Outcome) -> Option<Outcome> {
    match end {
        End::Taken(_) => Some(outcome.clone()),
        _ if is_test_itself(&test.identity) || outcome.lets_pass() => None,
        _ => Some(test_without(&test.identity)),
    }
}

/// Whether the object goes before the next test begins.
fn goes_at_once(test: &Desired, end: &End) -> bool {
    match end {
        End::Stopped => true,
        End::Failed(_) => goes_after(test, Ending::Failed),
        End::Succeeded | End::Taken(_) | End::NotBegun(_) => false,
    }
}

/// Whether what was begun has done its work, or has failed.
fn has_ended_by_itself(test: &Desired, live: &Live) -> bool {
    let rule = Some(&ReadyRule::Ended);
    !matches!(judge(&test.identity, &live.object, rule, StorageClass::default()), Readiness::Waiting(_))
}

fn refused(test: &Desired, problem: &Problem) -> End {
    End::NotBegun(Outcome::Failed(test_refused(&test.identity, problem)))
}

/// Whether the chart wants the object deleted after this ending.
fn goes_after(test: &Desired, ending: Ending) -> bool {
    test.hook.as_ref().is_some_and(|hook| hook.deleted_after.contains(&ending))
}

fn stopped() -> Outcome {
    Outcome::Hindered { reason: "it was stopped before that".to_owned(), fix: None }
}

fn write(test: &Desired, object: serde_json::Value, guard: Guard) -> Write {
    Write { target: test.target(), object, guard, manager: MANAGER.to_owned() }
}
