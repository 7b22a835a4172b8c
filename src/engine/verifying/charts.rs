//! Runs the tests that a chart brings: what it marks as the hook `test`.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;

use super::VerifyEvent;
use crate::apply::Stop;
use crate::provider::{Guard, Provider, Until, Wait, Write};
use crate::resource::{Desired, Ending, Identity, Live, Problem, ProblemKind, Reading, ReadyRule, Target};
use crate::verify::{
    Check, Fault, Finding, Outcome, TestOwner, Verification, codes, is_test_itself, test_failed,
    test_in_the_way, test_refused, test_without,
};

/// Who writes the objects.
const MANAGER: &str = "regplan-verify";

/// The tests of one chart, in their order.
pub(super) struct ChartTests<'a> {
    pub(super) owner: TestOwner,
    pub(super) tests: Vec<Arc<Desired>>,
    pub(super) provider: &'a dyn Provider,
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
}

impl ChartTests<'_> {
    /// Runs them one after the other. `secret` takes secrets out of what is said.
    pub(super) async fn all(self, secret: &(dyn Fn(Outcome) -> Outcome + Sync)) -> Verification {
        let (began, mut findings) = (Timestamp::now(), Vec::new());
        let (mut done, mut lacking): (Vec<&Desired>, Option<&Identity>) = (Vec::new(), None);
        for test in &self.tests {
            let is_shown = is_test_itself(&test.identity);
            if is_shown {
                (self.emit)(VerifyEvent::Began(Check::Tests));
            }
            let begun = Instant::now();
            let outcome = match self.hindered(test, lacking) {
                Some(outcome) => outcome,
                None => self.outcome(test).await,
            };
            if outcome.lets_pass() {
                done.push(test);
            } else if !is_shown {
                lacking = Some(&test.identity);
            }
            if is_shown || !outcome.lets_pass() {
                findings.push(self.finding(test, secret(outcome), begun));
            }
        }
        for test in done.into_iter().filter(|test| goes_after(test, Ending::Succeeded)) {
            let begun = Instant::now();
            if let Err(fault) = self.remove(test).await {
                findings.push(self.finding(test, secret(Outcome::Failed(fault)), begun));
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

    /// Why a test is not run.
    fn hindered(&self, test: &Desired, lacking: Option<&Identity>) -> Option<Outcome> {
        if self.stop.gently.is_cancelled() {
            return Some(stopped());
        }
        if let Some(lacking) = lacking {
            return Some(test_without(lacking));
        }
        if let Some((_, unchecked)) = test.unchecked.iter().next() {
            return Some(Outcome::Hindered { reason: unchecked.reason.clone(), fix: None });
        }
        (Instant::now() >= self.until).then(|| Outcome::Hindered {
            reason: "there was no time left".to_owned(),
            fix: Some("give it more time: `--timeout`".to_owned()),
        })
    }

    async fn outcome(&self, test: &Desired) -> Outcome {
        let begun = match self.begin(test).await {
            Ok(live) => live,
            Err(fault) => return Outcome::Failed(fault),
        };
        let outcome = match self.end(test, begun).await {
            End::Succeeded => return Outcome::Passed(format!("{} has done its work", test.identity)),
            End::Failed(fault) if !goes_after(test, Ending::Failed) => return Outcome::Failed(fault),
            End::Failed(fault) => Outcome::Failed(fault),
            End::Stopped => stopped(),
        };
        match self.remove(test).await {
            Ok(()) => outcome,
            Err(fault) => Outcome::Failed(fault),
        }
    }

    /// Makes the object. What is left of an earlier run makes room.
    async fn begin(&self, test: &Desired) -> Result<Live, Fault> {
        self.remove(test).await?;
        let write = Write {
            target: test.target(),
            object: self.owner.marked(&test.object),
            guard: Guard::Absent,
            manager: MANAGER.to_owned(),
        };
        let written = self.provider.write(&write).await;
        written.map(|written| written.live).map_err(|problem| test_refused(&test.identity, &problem))
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

    /// Takes the object of a test away, and waits until its name is free.
    async fn remove(&self, test: &Desired) -> Result<(), Fault> {
        let target = test.target();
        let refused = |problem: Problem| test_refused(&test.identity, &problem);
        let left = |problem: Problem| {
            Fault::new(
                codes::LEFT_BEHIND,
                format!("{} cannot be deleted: {}", test.identity, problem.message),
                "delete it: it is only a test",
            )
        };
        let live = match self.read(&target).await {
            None => return Ok(()),
            Some(Err(problem)) => return Err(refused(problem)),
            Some(Ok(live)) => live,
        };
        if !self.owner.has_made(&live) {
            return Err(test_in_the_way(&test.identity));
        }
        self.provider.delete(&target, &live).await.map_err(left)?;
        let wait = Wait::of(target, Until::Gone { uid: live.stamp.uid.clone() });
        self.provider.wait(&wait, &|_| {}).await.map(drop).map_err(left)
    }

    /// The object; `None` where it is not there.
    async fn read(&self, target: &Target) -> Option<Result<Arc<Live>, Problem>> {
        match self.provider.read(std::slice::from_ref(target)).await.into_iter().next() {
            Some(Reading::Absent) => None,
            Some(Reading::Present(live)) => Some(Ok(live)),
            Some(Reading::Unreadable(problem)) => Some(Err(problem)),
            None => Some(Err(Problem::new(ProblemKind::Other, "the cluster gave no answer"))),
        }
    }
}

/// Whether the chart wants the object deleted after this ending.
fn goes_after(test: &Desired, ending: Ending) -> bool {
    test.hook.as_ref().is_some_and(|hook| hook.deleted_after.contains(&ending))
}

fn stopped() -> Outcome {
    Outcome::Hindered { reason: "it was stopped before that".to_owned(), fix: None }
}
