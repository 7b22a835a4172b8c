//! Programs that end with the process that started them, also when that one is killed.
//!
//! The kernel's "parent death signal" has to be asked for by the child itself, between fork and exec,
//! which in Rust takes unsafe code. So the executable starts itself once more, asks, and becomes the
//! program. Where there is no such signal (not on Linux) the programs run without.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

/// The hidden argument that makes the executable end with its parent.
pub(crate) const ARGUMENT: &str = "__end-with-parent";

/// A command for a program that gets SIGKILL when the *thread* that starts it is gone.
///
/// So it is to be started from a thread that waits for it, or from the main one.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    if cfg!(target_os = "linux") {
        let parent = std::process::id().to_string();
        super::itself([OsStr::new(ARGUMENT), OsStr::new(&parent), program.as_ref()])
    } else {
        Command::new(program)
    }
}

/// Asks for SIGKILL at the end of this process's parent.
pub(crate) fn end_with_parent() {
    #[cfg(target_os = "linux")]
    {
        // Refused nowhere that is known; without it, this process merely ends later.
        let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    }
}

/// Becomes the program in `args`, after the process id of the one that is to end before it.
pub(super) fn main(args: &[OsString]) -> ExitCode {
    let [parent, program, rest @ ..] = args else { return ExitCode::FAILURE };
    end_with_parent();
    if !is_child_of(parent) {
        // The parent died before the kernel was asked.
        return ExitCode::FAILURE;
    }
    let error = Command::new(program).args(rest).exec();
    eprintln!("cannot run {}: {error}", program.display());
    ExitCode::from(127)
}

fn is_child_of(pid: &OsStr) -> bool {
    let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().to_string());
    parent.as_deref().map(OsStr::new) == Some(pid)
}
