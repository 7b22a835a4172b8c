//! A wall clock that is wrong.

use std::path::Path;

use super::command::Command;
use super::{Project, program};

/// A library that shifts the wall clock of each program which loads it. It goes with this value.
#[must_use = "programs load it as long as it is there"]
pub(crate) struct ShiftedClock {
    folder: tempfile::TempDir,
}

impl ShiftedClock {
    /// A clock that is fast by so many seconds, or slow by as many.
    #[track_caller]
    pub(crate) fn off_by(seconds: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/harness/shifted_clock.c");
        let library = folder.path().join(LIBRARY);
        // Rust cannot link a program without a C compiler, so there is one.
        Command::new(program("cc"))
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([library.as_os_str().to_owned(), format!("-DOFF_BY={seconds}").into(), source.into()])
            .inherit_env()
            .run()
            .success();
        Self { folder }
    }

    /// A machine with this clock.
    pub(crate) fn machine<'n>(&self, project: Project<'n>) -> Project<'n> {
        project.env("LD_PRELOAD", self.folder.path().join(LIBRARY))
    }
}

const LIBRARY: &str = "clock.so";
