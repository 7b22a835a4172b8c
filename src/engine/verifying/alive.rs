//! Whether an earlier run of this machine still goes on.

use rustix::process::{Pid, test_kill_process};

/// Whether a process of this machine still runs.
pub(super) fn tells_alive(process: u32) -> bool {
    let Some(pid) = i32::try_from(process).ok().and_then(Pid::from_raw) else { return false };
    // One that belongs to somebody else may not be asked, and is there.
    !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}
