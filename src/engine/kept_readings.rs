//! Objects that were read for the blocks are not read again for the plan.
//!
//! That saves requests, and it is safer: a stored hash and the guard of the Secret that holds it come from
//! the same reading.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::provider::{Cluster, House, Provider};
use crate::resource::{Reading, Target};

/// Readings that are kept for the plan. They may hold secrets, and are dropped when the plan is made.
#[derive(Default)]
pub struct KeptReadings(Mutex<HashMap<Target, Reading>>);

impl fmt::Debug for KeptReadings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readings").finish_non_exhaustive()
    }
}

impl KeptReadings {
    fn keep(&self, target: &Target, reading: &Reading) {
        // An object that could not be read may be readable the next time, so it is not kept.
        if !matches!(reading, Reading::Unreadable(_)) {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(target.clone(), reading.clone());
        }
    }

    fn take(&self, target: &Target) -> Option<Reading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(target)
    }

    /// A provider that keeps what it reads.
    pub fn kept_from<'a>(&'a self, provider: &'a dyn Provider) -> impl Provider + use<'a> {
        Keeping { provider, readings: self }
    }

    /// A provider that answers from the kept readings first. Each is used once, so that a second read shows
    /// the object as it is then.
    pub fn before<'a>(&'a self, provider: &'a dyn Provider) -> impl Provider + use<'a> {
        HandingOut { provider, readings: self }
    }
}

struct Keeping<'a> {
    provider: &'a dyn Provider,
    readings: &'a KeptReadings,
}

#[async_trait]
impl Provider for Keeping<'_> {
    fn cluster(&self) -> &dyn Cluster {
        self.provider.cluster()
    }

    fn other_house(&self, group: &str) -> Option<&dyn House> {
        self.provider.other_house(group)
    }

    async fn read(&self, targets: &[Target]) -> Vec<Reading> {
        let found = self.provider.read(targets).await;
        for (target, reading) in targets.iter().zip(&found) {
            self.readings.keep(target, reading);
        }
        found
    }
}

struct HandingOut<'a> {
    provider: &'a dyn Provider,
    readings: &'a KeptReadings,
}

#[async_trait]
impl Provider for HandingOut<'_> {
    fn cluster(&self) -> &dyn Cluster {
        self.provider.cluster()
    }

    fn other_house(&self, group: &str) -> Option<&dyn House> {
        self.provider.other_house(group)
    }

    async fn read(&self, targets: &[Target]) -> Vec<Reading> {
        let mut known: Vec<Option<Reading>> =
            targets.iter().map(|target| self.readings.take(target)).collect();
        let unknown = targets.iter().zip(&known).filter(|(_, known)| known.is_none());
        let rest: Vec<Target> = unknown.map(|(target, _)| target.clone()).collect();
        if !rest.is_empty() {
            let places = known.iter_mut().filter(|known| known.is_none());
            for (place, reading) in places.zip(self.provider.read(&rest).await) {
                *place = Some(reading);
            }
        }
        known.into_iter().flatten().collect()
    }
}
