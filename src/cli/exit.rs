//! Exit codes.

use std::process::ExitCode;

/// How a command ended that did what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done.
    Done,
    /// There are changes, and `--detailed-exitcode` asked to say so.
    Changes,
    /// It was said already what went wrong.
    Failed,
    /// Something is not as it was applied.
    Drift,
    /// Nothing of what could be observed has changed, and not everything could be.
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

/// A usage error is an error like any other (1); `--help` and `--version` are none.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    match (error.use_stderr(), printed) {
        (true, _) => ExitCode::FAILURE,
        (false, _) => ExitCode::SUCCESS,
    }
}
