//! A program that runs in the background: its process, and the end of its log.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};

use rustix::process::{Pid, Signal};

use super::{Error, parent_death};

/// A program that is not started yet. Of the caller's environment it gets nothing.
#[derive(Debug, Clone)]
#[must_use = "start it"]
pub(crate) struct Start {
    path: PathBuf,
    folder: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
}

impl Start {
    /// The program at this path, which is to work in this folder; its log is there too.
    pub(crate) fn new(path: impl Into<PathBuf>, folder: &Path) -> Self {
        Self { path: path.into(), folder: folder.to_owned(), args: Vec::new(), env: Vec::new() }
    }

    /// Adds arguments.
    pub(crate) fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((key.into(), value.into()));
        self
    }

    /// Starts it. It ends with the thread that calls this.
    pub(crate) fn start(self) -> Result<Program, Error> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let log = self.folder.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log)?;
        let child = parent_death::command(&self.path)
            .args(self.args)
            // Another HOME, so that no program finds the user's own configuration.
            .env_clear()
            .env("HOME", &self.folder)
            .envs(self.env)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()?;
        Ok(Program { name, child, log })
    }
}

/// A program that runs, or has run.
#[derive(Debug)]
pub(crate) struct Program {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Program {
    /// How it has ended, once it has.
    pub(crate) fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok()?
    }

    /// Once it has ended: its exit status, and the end of its log.
    pub(crate) fn exit_message(&mut self) -> Option<String> {
        let status = self.exit_status()?;
        Some(self.last_lines(&format!("ended ({status})")))
    }

    /// What happened to it, and the end of its log.
    pub(crate) fn last_lines(&self, what: &str) -> String {
        let lines = tail(&self.log, 20).join("\n  ");
        format!("{} {what}; the last lines of its log:\n  {lines}", self.name)
    }

    /// Whether another process had one of its ports.
    pub(crate) fn found_its_port_in_use(&self) -> bool {
        fs::read_to_string(&self.log).is_ok_and(|log| log.contains("address already in use"))
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<(), Error> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).ok_or("no such process")?;
        Ok(rustix::process::kill_process(pid, signal)?)
    }

    /// Ends it at once: its data are not needed, and an API server without etcd ignores SIGTERM for a minute.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tail(path: &Path, count: usize) -> Vec<String> {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].iter().map(|line| clip(line)).collect()
}

/// Cuts a long line: some of the programs log whole objects in one.
fn clip(line: &str) -> String {
    const WIDTH: usize = 400;
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
