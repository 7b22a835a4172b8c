//! A control plane of real Kubernetes programs on loopback, shared by the tests and the quickstart.
//!
//! Nothing of it is left when the process that started it has ended, in whatever way. The programs are not
//! children of that process but of a *guard*: the same executable, started once more in a process group of
//! its own, which reads its standard input. When standard input ends (the kernel closes it, also after
//! SIGKILL), the guard stops all programs and removes their data. If the guard itself is killed, each program
//! ends with it ([`parent_death`]).
//!
//! An executable that uses this module calls [`child_main`] first in its `main`.

mod binder;
mod component;
mod folder;
mod guard;
pub(crate) mod kubeconfig;
pub(crate) mod parent_death;
pub(crate) mod pki;
mod processes;
pub(crate) mod program;

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::IpAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use component::Role;

/// The hidden argument that makes the executable a guard.
const GUARD: &str = "__guard-a-control-plane";

/// How long the guard may take to answer. Its own time limits are shorter, and have better messages.
const GUARD_TIMEOUT: Duration = Duration::from_mins(3);

/// What went wrong, worded for people.
pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// The facts about a running control plane.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// The folder that holds all files below. It is removed when the plane ends.
    pub(crate) folder: PathBuf,
    /// The folder of the programs, kubectl among them.
    pub(crate) programs: PathBuf,
    /// `https://127.0.0.1:PORT`.
    pub(crate) server: String,
    /// The certificate of the authority that signed the server's, as a PEM file.
    pub(crate) authority: PathBuf,
    /// An administrator's kubeconfig.
    pub(crate) kubeconfig: PathBuf,
    /// The token in it.
    pub(crate) token: String,
    /// A client's certificate and key, signed by the authority, and expired years ago.
    pub(crate) expired_client: (PathBuf, PathBuf),
    /// The URL of etcd (`http://127.0.0.1:PORT`). It is not known of a cluster that was there before the tests.
    pub(crate) etcd: Option<String>,
    /// What service accounts of tests have changed, as the server logs it. A cluster that was there before the tests
    /// shows none.
    pub(crate) audit_log: Option<PathBuf>,
}

impl Facts {
    /// Reads what [`Facts::save`] wrote.
    pub(crate) fn load(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Writes them into the plane's folder for other processes, and returns the path.
    pub(crate) fn save(&self) -> Result<PathBuf, Error> {
        let path = self.folder.join("facts.json");
        fs::write(&path, serde_json::to_vec_pretty(self)?)?;
        Ok(path)
    }

    /// Whether the cluster was started for this run, and ends with it.
    pub(crate) fn is_temporary(&self) -> bool {
        self.etcd.is_some()
    }

    /// The path of one of the programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }
}

/// Who runs the pods of a plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Nodes {
    /// kwok does as if: a node and its pods become ready, and nothing runs.
    Simulated,
    /// Nodes that whoever starts the plane adds to it. Their pods reach the API server at this address of the machine.
    Elsewhere(IpAddr),
}

impl Nodes {
    /// How the guard is told.
    fn word(self) -> String {
        match self {
            Self::Simulated => SIMULATED.into(),
            Self::Elsewhere(address) => address.to_string(),
        }
    }

    fn of(word: &OsStr) -> Option<Self> {
        match word.to_str()? {
            SIMULATED => Some(Self::Simulated),
            address => address.parse().ok().map(Self::Elsewhere),
        }
    }
}

/// How the guard is told of [`Nodes::Simulated`].
const SIMULATED: &str = "simulated";

/// What the user of a plane tells its guard; one line each.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Order {
    Stop(Role),
    Start(Role),
    Freeze(Role),
    Thaw(Role),
}

/// What the guard says; one line each.
#[derive(Debug, Serialize, Deserialize)]
enum Report {
    /// The plane is ready for use.
    Ready(Box<Facts>),
    /// The order was carried out.
    Done,
    /// The plane did not start, or an order failed.
    Failed(String),
    /// A program has ended without an order.
    Exited(String),
}

/// Does the work of a child process of a plane, if this process was started as one: the guard, or a program that
/// ends with its parent. It is called first in `main`; `None` says that this is an ordinary process.
pub(crate) fn child_main() -> Option<ExitCode> {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    match args.first().and_then(|arg| arg.to_str()) {
        Some(GUARD) => Some(guard::main(Path::new(args.get(1)?), Nodes::of(args.get(2)?)?)),
        Some(parent_death::ARGUMENT) => Some(parent_death::main(&args[1..])),
        _ => None,
    }
}

/// A control plane that runs for as long as this value lives.
#[derive(Debug)]
pub(crate) struct Plane {
    facts: Facts,
    guard: Child,
    /// The guard's standard input. The guard stops everything when it is closed.
    orders: Option<ChildStdin>,
    reports: Receiver<Report>,
}

impl Plane {
    /// Starts one from the programs in this folder, and returns when it is ready for use.
    pub(crate) fn start(programs: &Path, nodes: Nodes) -> Result<Self, Error> {
        let mut guard = this_executable([OsStr::new(GUARD), programs.as_os_str(), OsStr::new(&nodes.word())])
            // Ctrl-C goes to the whole foreground process group, and the guard still has to clean up then.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = guard.stdin.take();
        let reports = listen(guard.stdout.take().ok_or("the guard has no standard output")?);
        match next(&reports)? {
            Report::Ready(facts) => Ok(Self { facts: *facts, guard, orders, reports }),
            Report::Failed(why) | Report::Exited(why) => {
                drop(orders);
                guard.wait()?;
                Err(why.into())
            }
            Report::Done => Err("the guard has sent an unexpected report".into()),
        }
    }

    /// The facts about it.
    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The process id of the guard.
    pub(crate) fn guard_id(&self) -> u32 {
        self.guard.id()
    }

    /// Waits this long for a program or the guard to end, and says which did.
    pub(crate) fn failure_within(&self, time: Duration) -> Option<String> {
        match self.reports.recv_timeout(time) {
            Ok(Report::Exited(why) | Report::Failed(why)) => Some(why),
            Ok(_) | Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some("the control plane's guard is gone".into()),
        }
    }

    /// Kills one of the programs, as a crash would.
    pub(crate) fn stop(&mut self, role: Role) -> Result<(), Error> {
        self.order(Order::Stop(role))
    }

    /// Starts a stopped one again, on its port and with its data, and waits until it is ready.
    pub(crate) fn start_again(&mut self, role: Role) -> Result<(), Error> {
        self.order(Order::Start(role))
    }

    /// Suspends one of the programs: its connections stay open, and it answers nothing.
    pub(crate) fn freeze(&mut self, role: Role) -> Result<(), Error> {
        self.order(Order::Freeze(role))
    }

    /// Lets a frozen program go on.
    pub(crate) fn thaw(&mut self, role: Role) -> Result<(), Error> {
        self.order(Order::Thaw(role))
    }

    fn order(&mut self, order: Order) -> Result<(), Error> {
        let line = serde_json::to_string(&order)?;
        writeln!(self.orders.as_mut().ok_or("the plane has ended")?, "{line}")?;
        match next(&self.reports)? {
            Report::Done => Ok(()),
            Report::Failed(why) | Report::Exited(why) => Err(why.into()),
            Report::Ready(_) => Err("the guard has sent an unexpected report".into()),
        }
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        drop(self.orders.take());
        // If the guard cannot be waited for, there is nothing else to try.
        let _ = self.guard.wait();
        // A guard that was killed has left its folder.
        folder::remove_orphans();
    }
}

/// A command that runs this executable once more, also when its file has been replaced meanwhile.
pub(crate) fn this_executable<'a>(args: impl IntoIterator<Item = &'a OsStr>) -> Command {
    let path = if cfg!(target_os = "linux") {
        PathBuf::from("/proc/self/exe")
    } else {
        std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/dev/null"))
    };
    let mut command = Command::new(path);
    command.args(args);
    command
}

fn listen(output: impl std::io::Read + Send + 'static) -> Receiver<Report> {
    let (sender, reports) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let report = serde_json::from_str(&line).unwrap_or(Report::Failed(line));
            if sender.send(report).is_err() {
                break;
            }
        }
    });
    reports
}

fn next(reports: &Receiver<Report>) -> Result<Report, Error> {
    reports.recv_timeout(GUARD_TIMEOUT).map_err(|e| match e {
        RecvTimeoutError::Timeout => {
            format!("the control plane's guard has not answered in {GUARD_TIMEOUT:?}").into()
        }
        RecvTimeoutError::Disconnected => "the control plane's guard has ended without an answer".into(),
    })
}

/// Builds the programs that are missing, with progress on standard error, and returns their folder.
///
/// `args` are those of `build.sh`: none for all programs that the tests need, `--plane` for those of a plane.
pub(crate) fn build(args: &[&str]) -> Result<PathBuf, Error> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/control-plane/build.sh");
    let output =
        parent_death::command(&script).args(args).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{} failed ({}); its messages are above", script.display(), output.status).into());
    }
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim_end()))
}
