//! What has become of a run that has not recorded its end.

use super::backend::{Backend, LockSign};
use super::holder::Holder;
use super::id::RunId;

/// What has become of it, as far as the lock tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenRun {
    /// It is under way.
    UnderWay,
    /// It was killed, or could not record its end.
    Killed,
    /// It is under way, or was killed; with the process that the lock names.
    Unclear(Option<Box<Holder>>),
}

impl OpenRun {
    /// What has become of this run, by a look at the lock. Who may not read the lock learns nothing from it.
    pub async fn of(run: &RunId, backend: &dyn Backend) -> Self {
        match backend.look_at_lock().await {
            Ok(LockSign::Held) => Self::UnderWay,
            Ok(LockSign::HeldOrLeft(holder)) => Self::Unclear(Some(holder)),
            // It may have ended by itself since its journal was read, and released the lock.
            Ok(LockSign::Free) if is_open(run, backend).await => Self::Killed,
            Ok(LockSign::Free | LockSign::Nothing) | Err(_) => Self::Unclear(None),
        }
    }
}

/// Whether the journal still is that of this run, without an end.
async fn is_open(run: &RunId, backend: &dyn Backend) -> bool {
    let journal = backend.journal().await.ok().flatten();
    journal.is_some_and(|journal| journal.begin.run == *run && journal.end.is_none())
}
