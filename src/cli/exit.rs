//! The exit codes of the program.

use std::process::ExitCode;

/// How a command ended that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// It was done.
    Done,
    /// There are changes, and `--detailed-exitcode` asked to say so.
    Changes,
    /// Something failed, and was reported already.
    Failed,
    /// Something is not as it was applied.
    Drift,
    /// Not everything could be read, and what could be read has not changed.
    Unobserved,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Failed => Self::FAILURE,
            Exit::Changes | Exit::Drift => Self::from(2),
            Exit::Unobserved => Self::from(3),
        }
    }
}

/// The exit code for what the parser of arguments ends with: 1 for a usage error, 0 for `--help` and
/// `--version`.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    match (error.use_stderr(), printed) {
        (true, _) => ExitCode::FAILURE,
        (false, _) => ExitCode::SUCCESS,
    }
}
