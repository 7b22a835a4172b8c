//! What the cluster knows of the cause of a fault.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::visit::Visit;
use crate::resource::Identity;
use crate::verify::{Fault, Suspicion, of_bucket, of_full_volume};

/// How long the cluster may take to tell it.
const FOR_CAUSE: Duration = Duration::from_secs(10);
/// What a registry has just written reaches its log a moment later.
const FOR_LOG: Duration = Duration::from_secs(1);

impl Visit<'_> {
    /// The fault, with its cause where the cluster knows that.
    pub(super) async fn explained(&self, fault: Fault) -> Fault {
        match fault.suspicion {
            Some(Suspicion::Storage) => match &self.subject.endpoint.claim {
                Some(claim) => self.full_volume(claim, &fault).await.unwrap_or(fault),
                None => of_bucket(fault),
            },
            None => fault,
        }
    }

    async fn full_volume(&self, claim: &Identity, fault: &Fault) -> Option<Fault> {
        let look = async {
            if let Some(full) = self.provider.cluster().full_volume(claim).await {
                return Some(full);
            }
            sleep(FOR_LOG).await;
            self.provider.cluster().full_volume(claim).await
        };
        let full = timeout(self.time_left().min(FOR_CAUSE), look).await.ok()??;
        Some(of_full_volume(fault, &full))
    }
}
