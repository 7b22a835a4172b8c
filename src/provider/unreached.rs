//! In the place of a cluster that is not reached: every question is answered by why.

use std::sync::Arc;

use async_trait::async_trait;

use super::cluster::{Cluster, Dependents, Reassignment};
use super::house::{House, Progress, Verb, Wait, Write, Written};
use crate::kubernetes::cascade::CascadeScope;
use crate::resource::{ClusterIdentity, Identity, Live, Problem, Reading, Target};

/// A cluster that is not reached.
pub struct Unreached {
    problem: Problem,
}

impl Unreached {
    /// One that is not reached for this reason.
    pub fn because(problem: Problem) -> Self {
        Self { problem }
    }

    fn why<T>(&self) -> Result<T, Problem> {
        Err(self.problem.clone())
    }
}

#[async_trait]
impl House for Unreached {
    async fn read(&self, targets: &[Target]) -> Vec<Reading> {
        vec![Reading::Unreadable(self.problem.clone()); targets.len()]
    }

    async fn preview(&self, _: &Write) -> Result<Written, Problem> {
        self.why()
    }

    async fn write(&self, _: &Write) -> Result<Written, Problem> {
        self.why()
    }

    async fn delete(&self, _: &Target, _: &Live) -> Result<(), Problem> {
        self.why()
    }

    async fn wait(&self, _: &Wait, _: Progress<'_>) -> Result<Option<Arc<Live>>, Problem> {
        self.why()
    }

    async fn review(&self, requests: &[(Verb, Target)]) -> Vec<Result<bool, Problem>> {
        vec![self.why(); requests.len()]
    }
}

#[async_trait]
impl Cluster for Unreached {
    fn context(&self) -> Option<&str> {
        None
    }

    async fn identity(&self) -> Result<ClusterIdentity, Problem> {
        self.why()
    }

    async fn is_namespaced(&self, _: &Target) -> Result<Option<bool>, Problem> {
        self.why()
    }

    async fn reassign(&self, _: &Reassignment) -> Result<Live, Problem> {
        self.why()
    }

    async fn free_space(&self, _: &Identity) -> Result<Option<u64>, Problem> {
        self.why()
    }

    async fn dependents(&self, _: &CascadeScope) -> Result<Dependents, Problem> {
        self.why()
    }

    /// It is known from the beginning, and so nothing has stopped to answer.
    async fn outage(&self) -> Option<Problem> {
        None
    }
}
