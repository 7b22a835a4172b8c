//! What a run is still to make or to start.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::resource::Identity;

/// The objects that a run is still to make, and the workloads that it is still to start: that a wait does not find them yet is no
/// trouble. All waits of a run look at one list, from which the run takes what has come and what will not come any more.
#[derive(Debug, Clone, Default)]
pub struct ToCome(Arc<Mutex<HashSet<Identity>>>);

impl ToCome {
    /// Whether this is still to come.
    pub fn contains(&self, identity: &Identity) -> bool {
        self.all().contains(identity)
    }

    /// Whether anything like this is still to come.
    pub fn any(&self, is_it: impl FnMut(&Identity) -> bool) -> bool {
        self.all().iter().any(is_it)
    }

    /// It has come, or will not come any more.
    pub fn remove(&self, identity: &Identity) {
        self.all().remove(identity);
    }

    fn all(&self) -> MutexGuard<'_, HashSet<Identity>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FromIterator<Identity> for ToCome {
    fn from_iter<I: IntoIterator<Item = Identity>>(all: I) -> Self {
        Self(Arc::new(Mutex::new(all.into_iter().collect())))
    }
}
