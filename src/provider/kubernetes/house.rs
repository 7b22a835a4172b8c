//! Where each request to a cluster is answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::client::Kubernetes;
use super::{certifier, full_volume, logins, read, review, wait, write};
use crate::kubernetes::certifier::CertifierLack;
use crate::kubernetes::full_volume::FullVolume;
use crate::kubernetes::ingress_classes::IngressClass;
use crate::kubernetes::openapi::ObjectSchema;
use crate::kubernetes::pull_login::{LoginLack, PullLogin};
use crate::kubernetes::remains::Remain;
use crate::provider::{
    CascadeScope, Checkup, Cluster, Dependents, House, Inventory, Marked, MarkedObjects, ProgramAccess,
    Progress, Reassignment, ServerApis, Verb, Wait, Whole, Write, Written,
};
use crate::resource::{ClusterIdentity, Identity, Live, Permit, Problem, Reading, Target};

#[async_trait]
impl House for Kubernetes {
    async fn read(&self, targets: &[Target]) -> Vec<Reading> {
        read::read(self, targets).await
    }

    async fn served(&self, targets: &[Target]) -> Vec<Result<(), Problem>> {
        Self::served(self, targets).await
    }

    async fn preview(&self, write: &Write) -> Result<Written, Problem> {
        write::preview(self, write).await
    }

    async fn write(&self, write: &Write) -> Result<Written, Problem> {
        write::write(self, write).await
    }

    async fn delete(&self, target: &Target, read: &Live) -> Result<(), Problem> {
        write::delete(self, target, read).await
    }

    async fn wait(&self, wait: &Wait, progress: Progress<'_>) -> Result<Option<Arc<Live>>, Problem> {
        wait::wait(self, wait, progress).await
    }

    fn write_under(&self, permit: Permit) {
        self.transport.write_under(permit);
    }

    async fn lacks(&self, checkups: &[Checkup]) -> Vec<Option<String>> {
        wait::lacks(self, checkups).await
    }

    async fn review(&self, requests: &[(Verb, Target)]) -> Vec<Result<bool, Problem>> {
        review::review(self, requests).await
    }
}

#[async_trait]
impl Cluster for Kubernetes {
    fn context(&self) -> Option<&str> {
        self.context()
    }

    fn program_access(&self) -> Option<&ProgramAccess> {
        Some(&self.transport.server_info.program_access)
    }

    async fn identity(&self) -> Result<ClusterIdentity, Problem> {
        Self::identity(self).await
    }

    async fn is_namespaced(&self, target: &Target) -> Result<Option<bool>, Problem> {
        Ok(self.discovery.served(target).await?.map(|served| served.namespaced))
    }

    async fn schema(&self, target: &Target) -> Result<Option<ObjectSchema>, Problem> {
        self.schemas.of(target).await
    }

    async fn capabilities(&self) -> Result<ServerApis, Problem> {
        self.discovery.everything().await
    }

    async fn remains(&self) -> Vec<(Identity, Remain)> {
        read::remains(self).await
    }

    async fn namespaces(&self) -> Result<BTreeMap<String, BTreeMap<String, String>>, Problem> {
        read::namespaces(self).await
    }

    async fn helm_records(&self, namespace: &str, release: &str) -> Result<Vec<Value>, Problem> {
        read::helm_records(self, namespace, release).await
    }

    async fn free_space(&self, claim: &Identity) -> Result<Option<u64>, Problem> {
        read::free_space(self, claim).await
    }

    async fn full_volume(&self, claim: &Identity) -> Option<FullVolume> {
        full_volume::full_volume(self, claim).await
    }

    async fn node_addresses(&self) -> Result<Vec<String>, Problem> {
        read::node_addresses(self).await
    }

    async fn ingress_classes(&self) -> Result<Vec<IngressClass>, Problem> {
        read::ingress_classes(self).await
    }

    async fn login_lacks(&self, login: &PullLogin) -> Result<Option<LoginLack>, Problem> {
        logins::login_lacks(self, login).await
    }

    async fn may_ask_pods(&self, namespace: &str) -> Result<bool, Problem> {
        logins::may_ask_pods(self, namespace).await
    }

    async fn certifier_lacks(&self, namespace: &str) -> Option<CertifierLack> {
        certifier::certifier_lacks(self, namespace).await
    }

    async fn reassign(&self, reassignment: &Reassignment) -> Result<Live, Problem> {
        write::reassign(self, reassignment).await
    }

    async fn preview_whole(&self, whole: &Whole) -> Result<Written, Problem> {
        write::preview_whole(self, whole).await
    }

    async fn dependents(&self, scope: &CascadeScope) -> Result<Dependents, Problem> {
        read::dependents(self, scope).await
    }

    async fn marked(&self, targets: &[Target]) -> Vec<Marked> {
        read::marked(self, targets).await
    }

    async fn all_marked(&self, project: &str) -> Result<MarkedObjects, Problem> {
        read::all_marked(self, project).await
    }

    async fn inventory(&self, namespace: &str) -> Result<Inventory, Problem> {
        read::inventory(self, namespace).await
    }

    async fn outage(&self) -> Option<Problem> {
        self.transport.outage().await
    }
}
