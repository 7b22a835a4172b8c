//! Where cert-manager was seen to be whole in this run.

use std::collections::BTreeSet;

use tokio::sync::{Mutex, MutexGuard};

/// The namespaces in which all is well. It is asked once for all of cert-manager's own kinds that are written there one after
/// the other.
#[derive(Debug, Default)]
pub(super) struct SeenWhole(Mutex<BTreeSet<String>>);

impl SeenWhole {
    /// The namespaces. Whoever comes second waits for what the first one finds.
    pub(super) async fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().await
    }

    /// Forgets all, since what was written may be a part of cert-manager, or of what leads to it.
    pub(super) async fn forget(&self) {
        self.0.lock().await.clear();
    }
}
