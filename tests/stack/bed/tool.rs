//! Small programs that run to their end while a bed is set up: `ip`, `mount`.

use std::ffi::OsStr;
use std::process::Command;

use crate::plane::Error;

/// Runs a program, and returns what it wrote to standard output. An error shows the command line and its message.
pub(super) fn run<A: AsRef<OsStr>>(
    program: &str,
    args: impl IntoIterator<Item = A>,
) -> Result<String, Error> {
    let mut command = Command::new(program);
    // Another HOME, so that none finds the user's own configuration, or leaves a cache there.
    command.args(args).env("HOME", std::env::temp_dir());
    let output = command.output().map_err(|error| format!("cannot run {program}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?} failed ({}): {}", output.status, message.trim_end()).into())
}

/// Runs `ip` with the words of this line.
pub(super) fn ip(line: &str) -> Result<(), Error> {
    run("ip", line.split_whitespace()).map(drop)
}

/// Runs `mount` with these arguments.
pub(super) fn mount<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Result<(), Error> {
    run("mount", args).map(drop)
}
