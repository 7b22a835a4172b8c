//! Places for writers: so many resources are written at once. What only waits for something holds no place.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// All places.
#[derive(Debug, Clone)]
pub(super) struct Places(Arc<Semaphore>);

/// One place, for one resource.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    /// Missing while the resource waits.
    permit: Option<OwnedSemaphorePermit>,
}

impl Places {
    /// So many places; one at least.
    pub(super) fn new(count: usize) -> Self {
        Self(Arc::new(Semaphore::new(count.max(1))))
    }

    /// A place, if one is free.
    pub(super) fn free(&self) -> Option<Place> {
        let permit = Arc::clone(&self.0).try_acquire_owned().ok()?;
        Some(Place { places: self.clone(), permit: Some(permit) })
    }

    /// Waits until one is free.
    pub(super) async fn wait(&self) {
        drop(self.0.acquire().await);
    }
}

impl Place {
    /// Gives the place to others, while the resource waits.
    pub(super) fn leave(&mut self) {
        self.permit = None;
    }

    /// Waits for a place, where it was left.
    pub(super) async fn take(&mut self) {
        if self.permit.is_none() {
            // It fails only where the places are closed, and nobody closes them.
            self.permit = Arc::clone(&self.places.0).acquire_owned().await.ok();
        }
    }
}
