//! A control plane of real Kubernetes programs on loopback, shared by the tests and the quickstart.
//!
//! Nothing of it survives the process that asked for it, however that one ends. The programs are not
//! its children but those of a *guard*: the same executable, started once more in a process group of
//! its own, which reads its standard input. When that ends (and the kernel sees to it, also after
//! SIGKILL) the guard stops all and removes their data. And where the guard itself is killed, each
//! program ends with it ([`parent_death`]).
//!
//! An executable that uses this module calls [`take_over`] first in its `main`.

mod binder;
mod component;
mod folder;
mod guard;
pub(crate) mod kubeconfig;
pub(crate) mod parent_death;
pub(crate) mod pki;
mod processes;

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use component::Role;

/// The hidden argument that turns the executable into a guard.
const GUARD: &str = "__guard-a-control-plane";

/// Longer than any start takes; the guard has shorter deadlines of its own, with better messages.
const PATIENCE: Duration = Duration::from_mins(3);

/// What went wrong, ready to be shown.
pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// What there is to know about a control plane that runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// The folder that holds everything below, and goes with the plane.
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
    /// A client's certificate and key, signed by the authority and long past their date.
    pub(crate) expired_client: (PathBuf, PathBuf),
    /// Where etcd answers (`http://127.0.0.1:PORT`); nobody says that of a cluster that was there already.
    pub(crate) etcd: Option<String>,
}

impl Facts {
    /// Reads what [`Facts::save`] wrote.
    pub(crate) fn load(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Leaves them in the plane's folder for other processes, and says where.
    pub(crate) fn save(&self) -> Result<PathBuf, Error> {
        let path = self.folder.join("facts.json");
        fs::write(&path, serde_json::to_vec_pretty(self)?)?;
        Ok(path)
    }

    /// Whether the cluster was started for this run, and goes with all that is in it.
    pub(crate) fn is_temporary(&self) -> bool {
        self.etcd.is_some()
    }

    /// The path of one of the programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }
}

/// What the one who asked for a plane tells its guard, a line each.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Order {
    Stop(Role),
    Start(Role),
    Freeze(Role),
    Thaw(Role),
}

/// What the guard has to say, a line each.
#[derive(Debug, Serialize, Deserialize)]
enum Report {
    /// The plane is up.
    Ready(Box<Facts>),
    /// The order was carried out.
    Done,
    /// The plane did not come up, or an order failed.
    Failed(String),
    /// A program ended that nobody had told to.
    Died(String),
}

/// Acts as a guard, or becomes a program that ends with its parent, where this process was started as one; to be
/// called first in `main`.
pub(crate) fn take_over() -> Option<ExitCode> {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    match args.first().and_then(|arg| arg.to_str()) {
        Some(GUARD) => Some(guard::main(Path::new(args.get(1)?))),
        Some(parent_death::ARGUMENT) => Some(parent_death::main(&args[1..])),
        _ => None,
    }
}

/// A control plane that runs for as long as this value lives.
#[derive(Debug)]
pub(crate) struct Plane {
    facts: Facts,
    guard: Child,
    /// The guard's standard input: it stops everything when this is closed.
    lifeline: Option<ChildStdin>,
    reports: Receiver<Report>,
}

impl Plane {
    /// Starts one from the programs in this folder, and returns when it is ready for use.
    pub(crate) fn start(programs: &Path) -> Result<Self, Error> {
        let mut guard = itself([OsStr::new(GUARD), programs.as_os_str()])
            // Ctrl-C goes to the whole foreground group; the guard must outlive it to clean up.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let lifeline = guard.stdin.take();
        let reports = listen(guard.stdout.take().ok_or("the guard has no standard output")?);
        match next(&reports)? {
            Report::Ready(facts) => Ok(Self { facts: *facts, guard, lifeline, reports }),
            Report::Failed(why) | Report::Died(why) => {
                drop(lifeline);
                guard.wait()?;
                Err(why.into())
            }
            Report::Done => Err("the guard speaks out of turn".into()),
        }
    }

    /// What there is to know about it.
    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The process that owns the programs.
    pub(crate) fn guard_id(&self) -> u32 {
        self.guard.id()
    }

    /// Says why the plane is no longer whole, once it is not; waits this long for it.
    pub(crate) fn death_within(&self, patience: Duration) -> Option<String> {
        match self.reports.recv_timeout(patience) {
            Ok(Report::Died(why) | Report::Failed(why)) => Some(why),
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

    /// Lets one hang: its connections stay open, and nothing is answered.
    pub(crate) fn freeze(&mut self, role: Role) -> Result<(), Error> {
        self.order(Order::Freeze(role))
    }

    /// Lets a frozen one go on.
    pub(crate) fn thaw(&mut self, role: Role) -> Result<(), Error> {
        self.order(Order::Thaw(role))
    }

    fn order(&mut self, order: Order) -> Result<(), Error> {
        let line = serde_json::to_string(&order)?;
        writeln!(self.lifeline.as_mut().ok_or("the plane has ended")?, "{line}")?;
        match next(&self.reports)? {
            Report::Done => Ok(()),
            Report::Failed(why) | Report::Died(why) => Err(why.into()),
            Report::Ready(_) => Err("the guard speaks out of turn".into()),
        }
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // Nothing is left to be done about a guard that cannot be waited for.
        let _ = self.guard.wait();
        // One that was killed has left its folder.
        folder::sweep();
    }
}

/// A command that runs this executable once more, also when its file has been replaced meanwhile.
fn itself<'a>(args: impl IntoIterator<Item = &'a OsStr>) -> Command {
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
    let (tell, reports) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let report = serde_json::from_str(&line).unwrap_or(Report::Failed(line));
            if tell.send(report).is_err() {
                break;
            }
        }
    });
    reports
}

fn next(reports: &Receiver<Report>) -> Result<Report, Error> {
    reports.recv_timeout(PATIENCE).map_err(|e| match e {
        RecvTimeoutError::Timeout => format!("no word from the control plane's guard in {PATIENCE:?}").into(),
        RecvTimeoutError::Disconnected => "the control plane's guard ended without a word".into(),
    })
}

/// Builds what is missing of the programs, with progress on standard error, and says where they are.
///
/// `what` goes to the script as it is: nothing for all that the tests need, `--plane` for less.
pub(crate) fn build(what: &[&str]) -> Result<PathBuf, Error> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/control-plane/build.sh");
    let output =
        parent_death::command(&script).args(what).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{} failed ({}); its messages are above", script.display(), output.status).into());
    }
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim_end()))
}
