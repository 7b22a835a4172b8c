//! Whether what was applied does its work.

use super::{Observation, Status};
use crate::kubernetes::readiness::{Standard, takes_a_look};
use crate::resource::{Health, Reading};
use crate::state::StoredResource;

/// Whether the object is there, and it must be asked whether it is well. What has ended by itself, is deleted, or
/// is another object by now is not asked: its status says more.
pub fn is_asked_about(resource: &StoredResource, reading: &Reading) -> bool {
    let Reading::Present(live) = reading else { return false };
    let has_completed = resource.readiness.completed().is_some() || resource.hook.is_some();
    if has_completed || live.stamp.uid != resource.uid || live.is_ending() {
        return false;
    }
    let standard = Standard::of(resource.readiness.awaited_since());
    takes_a_look(standard, &resource.identity, &live.object, resource.ready.as_ref())
}

/// The observation of an object that lacks this to be ready.
#[must_use]
pub fn with_health(observation: Observation, resource: &StoredResource, lacking: String) -> Observation {
    let health = Health::of(resource.readiness.awaited_since(), lacking);
    let status = match (observation.status, &health) {
        (Status::InSync, Health::NotReady { .. }) => Status::NotReady,
        (Status::InSync, Health::Unhealthy { .. }) => Status::Unhealthy,
        (other, _) => other,
    };
    Observation { status, health: Some(health), ..observation }
}
