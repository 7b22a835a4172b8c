//! The house of [`PullEntry`]: single entries in the `imagePullSecrets` of `ServiceAccount`s.
//!
//! | file | question |
//! |---|---|
//! | `account` | what does an account say of an entry, and which steps change it? |
//! | `request` | how is one entry read, tried, put and taken? |
//!
//! The account itself stays what it is to everybody else. Its list is written by a patch that names each step, and only
//! where the account has not moved since it was read. Whose an entry is stands in an annotation of the account, beside
//! the list.

mod account;
mod request;

use std::sync::Arc;

use async_trait::async_trait;

use super::client::Kubernetes;
use super::{read, review};
use crate::provider::{House, Marked, MarkedObjects, Progress, Until, Verb, Wait, Write, Written};
use crate::resource::{Identity, Live, Problem, PullEntry, Reading, Target};
use request::{EntryRequest, account_target};

/// The entries of a cluster's accounts.
pub struct PullEntries {
    cluster: Arc<Kubernetes>,
}

impl PullEntries {
    /// Those of this cluster.
    pub fn of(cluster: Arc<Kubernetes>) -> Self {
        Self { cluster }
    }

    /// The account that a target is in; the target itself where it is no entry, so that its kind is told as unknown.
    fn accounts(targets: impl Iterator<Item = Target>) -> Vec<Target> {
        let account = |target: Target| {
            let entry = PullEntry::of(&target.identity);
            entry.map_or(target, |entry| account_target(&entry))
        };
        targets.map(account).collect()
    }
}

#[async_trait]
impl House for PullEntries {
    async fn read(&self, targets: &[Target]) -> Vec<Reading> {
        let readings = read::read(&self.cluster, &Self::accounts(targets.iter().cloned())).await;
        let entry = |(target, reading): (&Target, Reading)| match (reading, PullEntry::of(&target.identity)) {
            (Reading::Present(live), Some(entry)) => account::entry(&live.object, &entry)
                .map_or(Reading::Absent, |entry| Reading::Present(Arc::new(entry))),
            (reading, _) => reading,
        };
        targets.iter().zip(readings).map(entry).collect()
    }

    async fn preview(&self, write: &Write) -> Result<Written, Problem> {
        EntryRequest::new(&self.cluster, &write.target).await?.try_out(write).await
    }

    async fn write(&self, write: &Write) -> Result<Written, Problem> {
        EntryRequest::new(&self.cluster, &write.target).await?.put(write).await
    }

    async fn delete(&self, target: &Target, read: &Live) -> Result<(), Problem> {
        EntryRequest::new(&self.cluster, target).await?.take(read).await
    }

    /// What is written is ready, and what is deleted is gone.
    async fn wait(&self, wait: &Wait, _: Progress<'_>) -> Result<Option<Arc<Live>>, Problem> {
        if matches!(wait.until, Until::Gone { .. }) {
            return Ok(None);
        }
        match self.read(std::slice::from_ref(&wait.target)).await.pop() {
            Some(Reading::Present(live)) => Ok(Some(live)),
            Some(Reading::Unreadable(problem)) => Err(problem),
            Some(Reading::Absent) | None => Ok(None),
        }
    }

    /// Of all accounts.
    async fn marked_of(&self, project: &str) -> Result<MarkedObjects, Problem> {
        let (accounts, hidden) = read::accounts(&self.cluster).await?;
        let entries = accounts.iter().flat_map(|account| account::marked_entries(&account.object));
        let marked = entries.filter_map(|(entry, live)| Marked::of(&Identity::of(&entry.object())?, &live));
        let seen = marked.filter(|one| one.project == project).collect();
        Ok(MarkedObjects { seen, hidden, ..MarkedObjects::default() })
    }

    /// To make, change or take an entry is to change its account.
    async fn review(&self, requests: &[(Verb, Target)]) -> Vec<Result<bool, Problem>> {
        let verb = |verb: &Verb| match verb {
            Verb::Create | Verb::Patch | Verb::Delete => Verb::Patch,
            Verb::Get | Verb::List | Verb::Watch => Verb::Get,
        };
        let accounts = Self::accounts(requests.iter().map(|(_, target)| target.clone()));
        let requests: Vec<_> = requests.iter().map(|(asked, _)| verb(asked)).zip(accounts).collect();
        review::review(&self.cluster, &requests).await
    }
}
