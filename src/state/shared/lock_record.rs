//! What a shared lock says: who holds it, and a number that shows that this process lives.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::shelf::Kept;
use crate::resource::from_json;
use crate::state::holder::Holder;
use crate::state::version::FORMAT_VERSION;

/// How long a lock lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTimes {
    /// For how long after its last renewal it is certainly held.
    pub duration: Duration,
    /// How much longer whoever takes it over waits: a request that the holder sent before may still be under way. The lock
    /// itself says it.
    pub grace: Duration,
}

impl Default for LeaseTimes {
    /// 15 s, and the 65 s for which we wait for the answer to a write.
    fn default() -> Self {
        Self { duration: Duration::from_secs(15), grace: Duration::from_secs(65) }
    }
}

/// The content of a lock. There is always one after the first hold: a released lock names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockRecord {
    /// The version of the format.
    pub format_version: u32,
    /// Who holds it; `None` where it was released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    /// One higher with each process that takes it.
    pub epoch: u64,
    /// One higher each time that the holder says that it lives.
    pub renewals: u64,
    /// Where it has not changed for so long, seen on the observer's own clock, the holder does not live.
    pub duration_seconds: u64,
    /// For so long after that, a request that the holder sent right before may still be under way.
    #[serde(default)]
    pub grace_seconds: u64,
}

impl LockRecord {
    /// The first one, which nobody holds.
    pub(super) fn free() -> Self {
        Self {
            format_version: FORMAT_VERSION,
            holder: None,
            epoch: 0,
            renewals: 0,
            duration_seconds: 0,
            grace_seconds: 0,
        }
    }

    /// The next holder's, after this one.
    pub(super) fn taken_by(&self, holder: Holder, times: LeaseTimes) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            holder: Some(holder),
            epoch: self.epoch + 1,
            renewals: 0,
            duration_seconds: times.duration.as_secs().max(1),
            grace_seconds: times.grace.as_secs() + u64::from(times.grace.subsec_nanos() > 0),
        }
    }

    pub(super) fn renewed(&self) -> Self {
        Self { renewals: self.renewals + 1, ..self.clone() }
    }

    pub(super) fn released(&self) -> Self {
        Self { holder: None, ..self.clone() }
    }

    pub(super) fn duration(&self) -> Duration {
        Duration::from_secs(self.duration_seconds)
    }

    /// How long it is looked at before it is taken over: the holder's grace counts, and that of whoever waits where it is
    /// longer. An older regplan wrote none.
    pub(super) fn patience(&self, own_grace: Duration) -> Duration {
        self.duration().saturating_add(own_grace.max(Duration::from_secs(self.grace_seconds)))
    }

    pub(super) fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }
}

/// Reads a lock. What a newer version wrote, or what nobody can read, is an error: somebody may hold it.
pub(super) fn read(kept: &Kept) -> Result<LockRecord, String> {
    from_json(&kept.bytes).map_err(|error| error.to_string())
}
