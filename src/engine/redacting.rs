//! The edge at which secrets are taken out: around the provider, and around the recorder of an apply.
//!
//! Everything that a house says passes here before the planner, the apply or a sink sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::run_secrets::RunSecrets;
use crate::apply::{Record, Recorder};
use crate::kubernetes::certifier::CertifierLack;
use crate::kubernetes::full_volume::FullVolume;
use crate::kubernetes::ingress_classes::IngressClass;
use crate::kubernetes::openapi::ObjectSchema;
use crate::kubernetes::pull_login::{LoginLack, PullLogin};
use crate::kubernetes::remains::Remain;
use crate::provider::{
    CascadeScope, Checkup, Cluster, Dependents, House, Introduction, Inventory, Marked, MarkedObjects,
    ProgramAccess, Progress, Provider, Reassignment, ServerApis, Shift, Verb, Wait, Whole, Write, Written,
};
use crate::resource::{Address, ClusterIdentity, Identity, Live, Permit, Problem, Reading, Target};

/// A provider that says no secret of the run, and learns those that it reads and sends.
pub(super) struct RedactingProvider {
    provider: Box<dyn Provider>,
    secrets: Arc<RunSecrets>,
}

impl RedactingProvider {
    /// Around this provider.
    pub(super) fn around(provider: Box<dyn Provider>, secrets: Arc<RunSecrets>) -> Self {
        Self { provider, secrets }
    }

    fn redacted(&self, problem: Problem) -> Problem {
        self.secrets.redactor().problem(problem)
    }

    fn answer<T>(&self, result: Result<T, Problem>) -> Result<T, Problem> {
        result.map_err(|problem| self.redacted(problem))
    }

    /// What was found, with reasons in which nothing is secret.
    fn marked(&self, found: Result<MarkedObjects, Problem>) -> Result<MarkedObjects, Problem> {
        let found = self.answer(found)?;
        let clean = |reason| self.secrets.redactor().text(reason);
        let hidden = found.hidden.into_iter().map(|(kind, reason)| (kind, clean(reason))).collect();
        let partly = found.partly.into_iter().map(clean).collect();
        Ok(MarkedObjects { hidden, partly, ..found })
    }

    fn reading(&self, identity: &Identity, reading: Reading) -> Reading {
        match reading {
            Reading::Present(live) => {
                self.secrets.learn_live(identity, &live.object);
                Reading::Present(live)
            }
            Reading::Absent => Reading::Absent,
            Reading::Unreadable(problem) => Reading::Unreadable(self.redacted(problem)),
        }
    }

    fn written(&self, identity: &Identity, result: Result<Written, Problem>) -> Result<Written, Problem> {
        let Written { live, warnings } = self.answer(result)?;
        self.secrets.learn_live(identity, &live.object);
        let warnings = warnings.into_iter().map(|text| self.secrets.redactor().text(text)).collect();
        Ok(Written { live, warnings })
    }
}

/// All houses: the provider within finds the one in which a target lives.
#[async_trait]
impl Provider for RedactingProvider {
    fn cluster(&self) -> &dyn Cluster {
        self
    }

    fn other_house(&self, group: &str) -> Option<&dyn House> {
        self.provider.other_house(group).map(|_| self as &dyn House)
    }

    async fn all_marked(&self, project: &str) -> Result<MarkedObjects, Problem> {
        self.marked(self.provider.all_marked(project).await)
    }
}

#[async_trait]
impl House for RedactingProvider {
    async fn read(&self, targets: &[Target]) -> Vec<Reading> {
        let readings = self.provider.read(targets).await;
        let readings = targets.iter().zip(readings);
        readings.map(|(target, reading)| self.reading(&target.identity, reading)).collect()
    }

    async fn served(&self, targets: &[Target]) -> Vec<Result<(), Problem>> {
        let answers = self.provider.served(targets).await;
        answers.into_iter().map(|answer| self.answer(answer)).collect()
    }

    async fn preview(&self, write: &Write) -> Result<Written, Problem> {
        self.secrets.learn_sent(&write.object);
        self.written(&write.target.identity, self.provider.preview(write).await)
    }

    async fn write(&self, write: &Write) -> Result<Written, Problem> {
        self.secrets.learn_sent(&write.object);
        self.written(&write.target.identity, self.provider.write(write).await)
    }

    async fn delete(&self, target: &Target, read: &Live) -> Result<(), Problem> {
        self.answer(self.provider.delete(target, read).await)
    }

    async fn before_delete(&self, target: &Target) -> Result<Option<String>, Problem> {
        let to_do = self.answer(self.provider.before_delete(target).await)?;
        Ok(to_do.map(|text| self.secrets.redactor().text(text)))
    }

    async fn wait(&self, wait: &Wait, progress: Progress<'_>) -> Result<Option<Arc<Live>>, Problem> {
        let redacted = |missing: &str| progress(&self.secrets.redactor().text(missing.to_owned()));
        let found = self.answer(self.provider.wait(wait, &redacted).await)?;
        if let Some(live) = &found {
            self.secrets.learn_live(&wait.target.identity, &live.object);
        }
        Ok(found)
    }

    fn goes_on_without(&self, target: &Target) -> bool {
        self.provider.goes_on_without(target)
    }

    fn write_under(&self, permit: Permit) {
        self.provider.write_under(permit);
    }

    fn introduce(&self, introduction: &Introduction<'_>) {
        self.provider.introduce(introduction);
    }

    async fn lacks(&self, checkups: &[Checkup]) -> Vec<Option<String>> {
        let answers = self.provider.lacks(checkups).await;
        answers.into_iter().map(|lacking| lacking.map(|text| self.secrets.redactor().text(text))).collect()
    }

    async fn review(&self, requests: &[(Verb, Target)]) -> Vec<Result<bool, Problem>> {
        let answers = self.provider.review(requests).await;
        answers.into_iter().map(|answer| self.answer(answer)).collect()
    }
}

#[async_trait]
impl Cluster for RedactingProvider {
    async fn identity(&self) -> Result<ClusterIdentity, Problem> {
        self.answer(self.provider.cluster().identity().await)
    }

    fn context(&self) -> Option<&str> {
        self.provider.cluster().context()
    }

    fn program_access(&self) -> Option<&ProgramAccess> {
        self.provider.cluster().program_access()
    }

    async fn is_namespaced(&self, target: &Target) -> Result<Option<bool>, Problem> {
        self.answer(self.provider.is_namespaced(target).await)
    }

    async fn schema(&self, target: &Target) -> Result<Option<ObjectSchema>, Problem> {
        self.answer(self.provider.cluster().schema(target).await)
    }

    async fn capabilities(&self) -> Result<ServerApis, Problem> {
        self.answer(self.provider.cluster().capabilities().await)
    }

    async fn remains(&self) -> Vec<(Identity, Remain)> {
        self.provider.cluster().remains().await
    }

    async fn namespaces(&self) -> Result<BTreeMap<String, BTreeMap<String, String>>, Problem> {
        self.answer(self.provider.cluster().namespaces().await)
    }

    async fn helm_records(&self, namespace: &str, release: &str) -> Result<Vec<Value>, Problem> {
        self.answer(self.provider.cluster().helm_records(namespace, release).await)
    }

    async fn free_space(&self, claim: &Identity) -> Result<Option<u64>, Problem> {
        self.answer(self.provider.cluster().free_space(claim).await)
    }

    async fn full_volume(&self, claim: &Identity) -> Option<FullVolume> {
        self.provider.cluster().full_volume(claim).await
    }

    async fn node_addresses(&self) -> Result<Vec<String>, Problem> {
        self.answer(self.provider.cluster().node_addresses().await)
    }

    async fn ingress_classes(&self) -> Result<Vec<IngressClass>, Problem> {
        self.answer(self.provider.cluster().ingress_classes().await)
    }

    async fn login_lacks(&self, login: &PullLogin) -> Result<Option<LoginLack>, Problem> {
        let lacking = self.answer(self.provider.cluster().login_lacks(login).await)?;
        let redacted = |text| self.secrets.redactor().text(text);
        Ok(lacking.map(|lack| match lack {
            LoginLack::NotTaken(text) => LoginLack::NotTaken(redacted(text)),
            LoginLack::NotAsked(text) => LoginLack::NotAsked(redacted(text)),
        }))
    }

    async fn may_ask_pods(&self, namespace: &str) -> Result<bool, Problem> {
        self.answer(self.provider.cluster().may_ask_pods(namespace).await)
    }

    async fn certifier_lacks(&self, namespace: &str) -> Option<CertifierLack> {
        match self.provider.cluster().certifier_lacks(namespace).await? {
            CertifierLack::Silence(why) => Some(CertifierLack::Silence(self.secrets.redactor().text(why))),
            lack => Some(lack),
        }
    }

    async fn reassign(&self, reassignment: &Reassignment) -> Result<Live, Problem> {
        if let Shift::TakeOver { object, .. } = &reassignment.shift {
            self.secrets.learn_sent(object);
        }
        let live = self.answer(self.provider.reassign(reassignment).await)?;
        self.secrets.learn_live(&reassignment.target.identity, &live.object);
        Ok(live)
    }

    async fn preview_whole(&self, whole: &Whole) -> Result<Written, Problem> {
        self.secrets.learn_sent(&whole.object);
        self.written(&whole.target.identity, self.provider.cluster().preview_whole(whole).await)
    }

    async fn all_marked(&self, project: &str) -> Result<MarkedObjects, Problem> {
        self.marked(self.provider.cluster().all_marked(project).await)
    }

    async fn inventory(&self, namespace: &str) -> Result<Inventory, Problem> {
        self.answer(self.provider.cluster().inventory(namespace).await)
    }

    async fn dependents(&self, scope: &CascadeScope) -> Result<Dependents, Problem> {
        let Dependents { seen, hidden } = self.answer(self.provider.cluster().dependents(scope).await)?;
        let hidden = hidden.into_iter().map(|(kind, reason)| (kind, self.secrets.redactor().text(reason)));
        Ok(Dependents { seen, hidden: hidden.collect() })
    }

    async fn marked(&self, targets: &[Target]) -> Vec<Marked> {
        self.provider.cluster().marked(targets).await
    }

    async fn outage(&self) -> Option<Problem> {
        self.provider.cluster().outage().await.map(|problem| self.redacted(problem))
    }
}

/// A recorder that is told no secret of the run.
pub(super) struct RedactingRecorder<'a> {
    pub(super) recorder: &'a mut dyn Recorder,
    pub(super) secrets: &'a RunSecrets,
}

#[async_trait]
impl Recorder for RedactingRecorder<'_> {
    fn note(&mut self, record: Record) {
        self.recorder.note(self.secrets.redact_record(record));
    }

    async fn keep(&mut self) -> Result<(), Problem> {
        self.recorder.keep().await
    }

    fn leave_in_flight(&mut self, writes: BTreeSet<Address>) {
        self.recorder.leave_in_flight(writes);
    }
}

#[cfg(test)]
mod tests;
