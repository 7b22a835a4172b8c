//! Running programs: without the caller's environment, with a time limit, and with all output in a failure.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::output::{Output, failure};
use super::wait_until;
use crate::plane::parent_death;

/// How long a program may run.
const LIMIT: Duration = Duration::from_mins(2);

/// How often is looked whether it has ended.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A program to run. Of the caller's environment it gets `PATH` only.
#[derive(Debug, Clone)]
#[must_use = "run it"]
pub(crate) struct Command {
    program: PathBuf,
    args: Vec<OsString>,
    env: BTreeMap<OsString, OsString>,
    folder: Option<PathBuf>,
    input: Input,
    limit: Duration,
}

#[derive(Debug, Clone)]
enum Input {
    Nothing,
    Text(String),
    /// Left open, for [`Running::say`].
    Open,
}

impl Command {
    /// The program at this path.
    pub(crate) fn new(program: impl Into<PathBuf>) -> Self {
        let fixed = [("NO_COLOR", "1"), ("TERM", "dumb"), ("LANG", "C.UTF-8"), ("TZ", "UTC")];
        let mut env: BTreeMap<OsString, OsString> =
            fixed.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        for kept in ["PATH", "LLVM_PROFILE_FILE"] {
            env.extend(std::env::var_os(kept).map(|value| (kept.into(), value)));
        }
        Self {
            program: program.into(),
            args: Vec::new(),
            env,
            folder: None,
            input: Input::Nothing,
            limit: LIMIT,
        }
    }

    /// Adds arguments.
    pub(crate) fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.insert(key.into(), value.into());
        self
    }

    /// Another program with these arguments, in the place and the environment of this one.
    pub(crate) fn around<A: Into<OsString>>(
        self,
        program: impl Into<PathBuf>,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        let args = args.into_iter().map(Into::into).collect();
        Self { program: program.into(), args, ..self }
    }

    /// Adds the environment of the tests themselves, but for what says that they are tests, and where.
    pub(crate) fn inherit_env(mut self) -> Self {
        let own = [super::FACTS, crate::bed::SIZE];
        self.env.extend(std::env::vars_os().filter(|(key, _)| !own.iter().any(|own| key == own)));
        self
    }

    /// Removes an environment variable.
    pub(crate) fn env_remove(mut self, key: impl Into<OsString>) -> Self {
        self.env.remove(&key.into());
        self
    }

    /// Runs it in this folder.
    pub(crate) fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Gives it this text on standard input, which then ends.
    pub(crate) fn stdin(mut self, text: impl Into<String>) -> Self {
        self.input = Input::Text(text.into());
        self
    }

    /// Leaves standard input open, for [`Running::say`].
    pub(crate) fn open_stdin(mut self) -> Self {
        self.input = Input::Open;
        self
    }

    /// Kills it after this time instead of two minutes; the test then fails.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn run(self) -> Output {
        self.spawn().wait()
    }

    /// Starts it. It is killed when the value is dropped.
    #[track_caller]
    pub(crate) fn spawn(self) -> Running {
        let mut command = parent_death::command(&self.program);
        command.args(&self.args).env_clear().envs(&self.env).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.stdin(if matches!(self.input, Input::Nothing) { Stdio::null() } else { Stdio::piped() });
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let mut child = command.spawn().unwrap_or_else(|e| panic!("cannot start {}: {e}", self.shown()));
        let stdout = Stream::read(child.stdout.take().unwrap());
        let stderr = Stream::read(child.stderr.take().unwrap());
        let mut stdin = child.stdin.take();
        if let Input::Text(text) = &self.input {
            // A program may close its standard input before it has read everything.
            let _ = stdin.take().unwrap().write_all(text.as_bytes());
        }
        let deadline = Instant::now() + self.limit;
        Running { shown: self.shown(), child, stdin, stdout, stderr, limit: self.limit, deadline }
    }

    /// The command line, for messages.
    fn shown(&self) -> String {
        let name = self.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.args.iter().fold(name, |shown, arg| shown + " " + &arg.to_string_lossy())
    }
}

/// What a program has written so far.
#[derive(Debug)]
struct Stream {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Stream {
    fn read(mut from: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&text);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                sink.lock().unwrap_or_else(PoisonError::into_inner).extend(&buffer[..count]);
            }
        });
        Self { text, reader: Some(reader) }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    fn finish(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        self.so_far()
    }
}

/// A running program.
#[derive(Debug)]
#[must_use = "it is killed when dropped"]
pub(crate) struct Running {
    shown: String,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Stream,
    stderr: Stream,
    limit: Duration,
    deadline: Instant,
}

impl Running {
    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by now.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// What it has written to standard output so far.
    pub(crate) fn stdout_so_far(&self) -> String {
        self.stdout.so_far()
    }

    /// What it has written to standard error so far.
    pub(crate) fn stderr_so_far(&self) -> String {
        self.stderr.so_far()
    }

    /// Waits until it has written this, on either stream. Fails if it ends without.
    #[track_caller]
    pub(crate) fn until(&mut self, text: &str) -> &mut Self {
        wait_until(&format!("`{text}` from {}", self.shown), || {
            let ended = self.has_ended();
            let written = self.stdout.so_far() + &self.stderr.so_far();
            let there = written.contains(text);
            assert!(there || !ended, "{} ended without writing `{text}`:\n{written}", self.shown);
            there
        });
        self
    }

    /// Writes a line to its standard input (see [`Command::open_stdin`]).
    #[track_caller]
    pub(crate) fn say(&mut self, line: &str) -> &mut Self {
        writeln!(self.stdin.as_mut().expect("its standard input is not open"), "{line}").unwrap();
        self
    }

    /// Sends it a signal: `Signal::INT` is Ctrl-C.
    #[track_caller]
    pub(crate) fn signal(&mut self, signal: Signal) -> &mut Self {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
        self
    }

    /// Kills it, so that it cannot clean up, and waits until it has ended.
    #[track_caller]
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Kills it, so that it cannot clean up, if it has not ended.
    pub(crate) fn kill_now(&mut self) {
        // It may have ended between two looks, and nobody has to be killed then.
        let _ = self.child.kill();
    }

    /// Waits until it ends. If that takes too long, it is killed and the test fails.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Output {
        drop(self.stdin.take());
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > self.deadline {
                let (stdout, stderr) = (self.stdout.so_far(), self.stderr.so_far());
                let what = format!("still runs after {:?}", self.limit);
                panic!("{}", failure(&self.shown, &what, &stdout, &stderr));
            }
            std::thread::sleep(POLL_INTERVAL);
        };
        Output::new(self.shown.clone(), status, self.stdout.finish(), self.stderr.finish())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes a folder that programs find as `HOME`.
pub(super) fn home_folder(folder: &Path) -> PathBuf {
    let home = folder.join("home");
    std::fs::create_dir_all(&home).unwrap();
    home
}
