//! Does the checks of one registry, one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};

use super::VerifyEvent;
use super::visit::{Known, Visit};
use crate::apply::Stop;
use crate::verify::{Check, Finding, Outcome, Verification, hindrance, told_once};

/// For how much longer a check is waited for that knows itself why it takes so long.
const FOR_REASONS: Duration = Duration::from_millis(500);

/// The checks of one registry.
pub(super) struct Run<'a> {
    pub(super) visit: Visit<'a>,
    pub(super) wanted: BTreeSet<Check>,
    pub(super) stop: &'a Stop,
    pub(super) emit: &'a (dyn Fn(VerifyEvent<'_>) + Send + Sync),
}

impl Run<'_> {
    /// Does them. A first signal leaves out what is to come, but for what takes away what was made; a second one ends
    /// all at once. `secret` takes secrets out of what servers say.
    pub(super) async fn all(self, secret: &(dyn Fn(Outcome) -> Outcome + Sync)) -> Verification {
        let (mut known, began) = (Known::default(), Timestamp::now());
        let (mut done, mut findings) = (BTreeMap::new(), Vec::new());
        for check in Check::ALL.into_iter().filter(|check| self.wanted.contains(check)) {
            (self.emit)(VerifyEvent::Began(check));
            let begun = Instant::now();
            let outcome = if let Some(outcome) = self.hindered(check, &done, &known) {
                outcome
            } else {
                tokio::select! {
                    outcome = self.seen(check, &mut known) => outcome,
                    () = self.stopped(check) => stopped(),
                    () = self.out_of_time(check) => late(),
                }
            };
            let outcome = secret(self.explained(told_once(secret(outcome), &done)).await);
            done.insert(check, outcome.clone());
            let finding = Finding { check, object: None, outcome, took: begun.elapsed() };
            (self.emit)(VerifyEvent::Finished(&finding));
            findings.push(finding);
        }
        let block = self.visit.subject.endpoint.block.clone();
        Verification { block, url: Some(self.visit.base().to_string()), at: began, findings }
    }

    /// Why a check is not done.
    fn hindered(&self, check: Check, done: &BTreeMap<Check, Outcome>, known: &Known) -> Option<Outcome> {
        let cleans = matches!(check, Check::Delete | Check::CleanUp);
        if self.stop.at_once.is_cancelled()
            || (self.stop.gently.is_cancelled() && !(cleans && known.pushed.is_some()))
        {
            return Some(stopped());
        }
        if let Some(hindrance) = hindrance(check, done) {
            return Some(hindrance);
        }
        let is_late = Instant::now() >= self.visit.until && !cleans;
        is_late.then(late)
    }

    /// Waits until a check has had its time, whatever it waits for itself. What writes looks after its own time, since it has to
    /// take away what it made.
    async fn out_of_time(&self, check: Check) {
        match check {
            Check::Push | Check::Body | Check::InCluster | Check::Delete | Check::CleanUp => pending().await,
            _ => sleep_until(self.visit.until + FOR_REASONS).await,
        }
    }

    /// Waits for the signal that breaks a check off. What writes is not broken off by the first one.
    async fn stopped(&self, check: Check) {
        match check {
            Check::Push | Check::Body | Check::Delete | Check::CleanUp => self.stop.at_once.cancelled().await,
            _ => self.stop.gently.cancelled().await,
        }
    }

    /// What came of a check, with its cause where the cluster knows that. A signal ends the question, and not the finding.
    async fn explained(&self, outcome: Outcome) -> Outcome {
        let Outcome::Failed(fault) = outcome else { return outcome };
        tokio::select! {
            explained = self.visit.explained(fault.clone()) => Outcome::Failed(explained),
            () = self.stop.gently.cancelled() => Outcome::Failed(fault),
        }
    }

    async fn seen(&self, check: Check, known: &mut Known) -> Outcome {
        let visit = &self.visit;
        match check {
            Check::Name => visit.name().await,
            Check::Port => visit.port(known).await,
            Check::Chain => visit.chain(known),
            Check::Names => visit.names(known),
            Check::Expiry => visit.expiry(known),
            Check::Issuer => visit.issuer(known),
            Check::Redirect => visit.redirect().await,
            Check::Authentication => visit.authentication().await,
            Check::WrongPassword => visit.wrong_password().await,
            Check::Password => visit.password().await,
            Check::Push => visit.push(known).await.into(),
            Check::Pull => visit.pull(known).await.into(),
            Check::InCluster => visit.in_cluster(known).await,
            Check::Body => visit.body(known).await,
            Check::Delete => visit.delete(known).await.into(),
            Check::CleanUp => visit.clean_up(known).await.into(),
            // It is no check of a registry.
            Check::Tests => Outcome::NotNeeded("charts have tests".to_owned()),
        }
    }
}

fn late() -> Outcome {
    Outcome::Hindered {
        reason: "there was no time left".to_owned(),
        fix: Some("give it more time: `--timeout`".to_owned()),
    }
}

fn stopped() -> Outcome {
    Outcome::Hindered { reason: "it was stopped before that".to_owned(), fix: None }
}
