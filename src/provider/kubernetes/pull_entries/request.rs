//! One entry of one account: read, tried, put, taken.

use std::time::Duration;

use http::Method;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::account::{Edit, entry, marks, patch};
use crate::kubernetes::field_manager::PULL_ENTRY_MANAGER;
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::Served;
use crate::provider::kubernetes::ownership;
use crate::provider::kubernetes::problem::{self, About};
use crate::provider::kubernetes::read::get;
use crate::provider::kubernetes::transport::{Call, CallError, Repeat};
use crate::provider::kubernetes::write::JSON_PATCH;
use crate::provider::{Guard, Verb, Write, Written};
use crate::resource::{Live, Problem, ProblemKind, PullEntry, Reading, Target};

/// How often an account is looked at anew: where it moved meanwhile, and where an answer was lost.
const TRIES: u32 = 10;
/// Before the second try; before each further one that much more.
const PAUSE: Duration = Duration::from_millis(100);
/// For how long an account is waited for. The cluster makes that of a new namespace a moment after it.
const PATIENCE: Duration = Duration::from_secs(30);
/// The account that the cluster makes in each namespace.
const DEFAULT: &str = "default";

/// An entry, and how the server speaks of its account.
pub(super) struct EntryRequest<'a> {
    cluster: &'a Kubernetes,
    served: Served,
    wanted: PullEntry,
}

/// What came of sending a patch.
enum Sent {
    /// The account, as it is then.
    Done(Value),
    /// The account has moved in between.
    Moved,
    /// There was no answer.
    Unanswered,
}

impl<'a> EntryRequest<'a> {
    pub(super) async fn new(cluster: &'a Kubernetes, target: &Target) -> Result<Self, Problem> {
        let Some(wanted) = PullEntry::of(&target.identity) else {
            let message = format!("{} is no entry of a ServiceAccount", target.identity);
            return Err(Problem::new(ProblemKind::UnknownKind, message));
        };
        let account = account_target(&wanted);
        match cluster.discovery.served(&account).await? {
            Some(served) => Ok(Self { cluster, served, wanted }),
            None => Err(cluster.unknown_kind(&account).await),
        }
    }

    /// What putting it would come to.
    pub(super) async fn try_out(&self, write: &Write) -> Result<Written, Problem> {
        let Some(account) = self.account().await? else { return Err(self.missing_for_now()) };
        self.guarded(&account, &write.guard)?;
        let wanted = marks(&write.object);
        let Some(steps) = patch(&account, &self.wanted, Edit::Put(&wanted)) else {
            return self.written(&account);
        };
        let call = Call { repeat: Repeat::Freely, ..self.call(&steps, "&dryRun=All") };
        match self.cluster.transport.send(&call).await {
            Ok(answer) => self.written(&answer.body),
            Err(failure) => Err(self.explained(failure).await),
        }
    }

    /// Puts it.
    pub(super) async fn put(&self, write: &Write) -> Result<Written, Problem> {
        let wanted = marks(&write.object);
        let mut unanswered = false;
        for attempt in 0..TRIES {
            sleep(PAUSE * attempt).await;
            let account = self.await_account().await?;
            let live = entry(&account, &self.wanted);
            // After a lost answer, it may be there by ourselves.
            let is_ours = unanswered && live.as_ref().is_some_and(|live| marks(&live.object) == wanted);
            if !is_ours {
                self.guarded(&account, &write.guard)?;
            }
            let Some(steps) = patch(&account, &self.wanted, Edit::Put(&wanted)) else {
                return self.written(&account);
            };
            match self.send(&steps, &account).await? {
                Sent::Done(account) => return self.written(&account),
                Sent::Moved => {}
                Sent::Unanswered => unanswered = true,
            }
        }
        Err(self.in_doubt())
    }

    /// Takes it away. What is not there is no error.
    pub(super) async fn take(&self, read: &Live) -> Result<(), Problem> {
        for attempt in 0..TRIES {
            sleep(PAUSE * attempt).await;
            let Some(account) = self.account().await? else { return Ok(()) };
            let Some(live) = entry(&account, &self.wanted) else { return Ok(()) };
            if live.stamp != read.stamp {
                return Err(self.conflict("has been changed in the meantime"));
            }
            let Some(steps) = patch(&account, &self.wanted, Edit::Take) else { return Ok(()) };
            if let Sent::Done(_) = self.send(&steps, &account).await? {
                return Ok(());
            }
        }
        Err(self.in_doubt())
    }

    /// The account; `None` where there is none.
    async fn account(&self) -> Result<Option<Value>, Problem> {
        match get(self.cluster, &self.served, &self.wanted.account()).await {
            Reading::Present(live) => Ok(Some(live.object.clone())),
            Reading::Absent => Ok(None),
            Reading::Unreadable(problem) => Err(problem),
        }
    }

    async fn await_account(&self) -> Result<Value, Problem> {
        let begun = Instant::now();
        loop {
            match self.account().await? {
                Some(account) => return Ok(account),
                None if begun.elapsed() >= PATIENCE => return Err(self.missing()),
                None => sleep(PAUSE).await,
            }
        }
    }

    fn guarded(&self, account: &Value, guard: &Guard) -> Result<(), Problem> {
        match (guard, entry(account, &self.wanted)) {
            (Guard::Absent, None) => Ok(()),
            (Guard::Absent, Some(_)) => Err(self.conflict("exists already, and was to be created")),
            (Guard::At(stamp), Some(live)) if live.stamp == *stamp => Ok(()),
            (Guard::At(_), _) => Err(self.conflict("has been changed, or is gone, in the meantime")),
        }
    }

    fn call(&self, steps: &Value, query: &str) -> Call {
        let path = format!(
            "{}?fieldManager={PULL_ENTRY_MANAGER}{query}",
            self.served.object(&self.wanted.account())
        );
        Call::write(Method::PATCH, path, JSON_PATCH, steps)
    }

    /// Sends a patch of the account as it was read.
    async fn send(&self, steps: &Value, account: &Value) -> Result<Sent, Problem> {
        match self.cluster.transport.send(&self.call(steps, "")).await {
            Ok(answer) => Ok(Sent::Done(answer.body)),
            Err(CallError::Refused(refusal)) if refusal.code == 409 => Ok(Sent::Moved),
            // A step that does not fit, which is no wonder where it was made for another account.
            Err(CallError::Refused(refusal)) if refusal.code == 422 && self.has_moved(account).await? => {
                Ok(Sent::Moved)
            }
            Err(failure) if !problem::is_definite(&failure) => Ok(Sent::Unanswered),
            Err(failure) => Err(self.explained(failure).await),
        }
    }

    /// Whether others have written the account since it was read.
    async fn has_moved(&self, account: &Value) -> Result<bool, Problem> {
        let now = self.account().await?;
        Ok(now.is_none_or(|now| ownership::stamp(&now) != ownership::stamp(account)))
    }

    fn written(&self, account: &Value) -> Result<Written, Problem> {
        match entry(account, &self.wanted) {
            Some(live) => Ok(Written { live, warnings: Vec::new() }),
            None => Err(self.conflict("was taken away by others while it was written")),
        }
    }

    async fn explained(&self, failure: CallError) -> Problem {
        let account = self.wanted.account();
        let problem = problem::of(failure, About::new(&account), &self.cluster.transport.server_info);
        self.cluster.access.confirm(problem, &[Verb::Patch], &self.served, &account).await
    }

    fn missing(&self) -> Problem {
        let PullEntry { namespace, account, .. } = &self.wanted;
        let message = format!("there is no ServiceAccount {namespace}/{account}");
        Problem::new(ProblemKind::Rejected, message)
            .help("make it, here or elsewhere, or take it out of `service_accounts`")
    }

    /// What is to be said before the write, which waits for the account that the cluster makes.
    fn missing_for_now(&self) -> Problem {
        let PullEntry { namespace, account, .. } = &self.wanted;
        if account != DEFAULT {
            return self.missing();
        }
        let message = format!("the cluster has not made the ServiceAccount {namespace}/{account} yet");
        Problem::new(ProblemKind::DryRunRefused, message)
    }

    fn conflict(&self, what: &str) -> Problem {
        let PullEntry { namespace, account, secret } = &self.wanted;
        let message = format!("the entry {secret} of the ServiceAccount {namespace}/{account} {what}");
        Problem::new(ProblemKind::Conflict, message)
    }

    fn in_doubt(&self) -> Problem {
        let PullEntry { namespace, account, .. } = &self.wanted;
        let message = format!(
            "the ServiceAccount {namespace}/{account} has been changed by others all the time, or the server gave no answer"
        );
        Problem::new(ProblemKind::Unreachable, message)
            .help("run the same command again: it looks before it writes")
    }
}

/// The account of an entry.
pub(super) fn account_target(wanted: &PullEntry) -> Target {
    Target { identity: wanted.account(), version: Some("v1".to_owned()) }
}
