//! Which run this is, and whether an earlier one of this machine still goes on.

use jiff::{SignedDuration, Timestamp};
use rustix::process::{Pid, test_kill_process};
use tokio::time::Instant;

use super::FOR_CLEANING;
use crate::state::Holder;
use crate::verify::Maker;

/// A run of this process, which waits until then for what it looks at, and a little longer for what it takes away.
pub(super) fn run_until(until: Instant) -> Maker {
    let left = until.saturating_duration_since(Instant::now()) + FOR_CLEANING;
    let until = Timestamp::now() + SignedDuration::try_from(left).unwrap_or_default();
    Maker::here(&Holder::this_process("verify").host, until, rand::random())
}

/// Whether another run has ended, as far as this one can tell.
pub(super) fn has_ended(other: &Maker, me: &Maker) -> bool {
    me.knows_ended(other, Timestamp::now(), tells_alive)
}

/// Whether a process of this machine still runs.
fn tells_alive(process: u32) -> bool {
    let Some(pid) = i32::try_from(process).ok().and_then(Pid::from_raw) else { return false };
    // One that belongs to somebody else may not be asked, and is there.
    !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}
