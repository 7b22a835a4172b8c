//! Programs that end together with the process that started them, also when that process is killed.
//!
//! The child itself has to ask the kernel for the "parent death signal", between fork and exec, which takes
//! unsafe code in Rust. So this executable starts itself once more, asks for the signal, and then executes
//! the program. Systems other than Linux have no such signal, and there the programs run without it.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

/// The hidden argument that makes the executable end with its parent.
pub(crate) const ARGUMENT: &str = "__end-with-parent";

/// A command for a program that gets SIGKILL when the *thread* that started it has ended.
///
/// So start it from a thread that waits for it, or from the main thread.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    if cfg!(target_os = "linux") {
        let parent = std::process::id().to_string();
        super::this_executable([OsStr::new(ARGUMENT), OsStr::new(&parent), program.as_ref()])
    } else {
        Command::new(program)
    }
}

/// Asks for SIGKILL at the end of this process's parent.
pub(crate) fn end_with_parent() {
    #[cfg(target_os = "linux")]
    {
        // If the kernel refuses, this process only ends later.
        let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    }
}

/// Executes a program. The arguments are the process id of the parent, the program, and its own arguments.
pub(super) fn main(args: &[OsString]) -> ExitCode {
    let [parent, program, rest @ ..] = args else { return ExitCode::FAILURE };
    end_with_parent();
    if !is_child_of(parent) {
        // The parent had ended before the signal was asked for.
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
