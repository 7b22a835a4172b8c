//! The cgroups of the containers. The kernel does not take them back when the bed ends, as it does with everything else.
//! So a *janitor* removes them: a process that waits for the end of the run, also when that is killed.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crate::plane::{Error, this_executable};

/// The hidden argument that makes the executable a janitor.
const JANITOR: &str = "__remove-cgroups";

/// What the names of such groups begin with.
pub(crate) const PREFIX: &str = "regplan-bed-";

/// The environment variable with the name of the group of all containers of a bed.
const GROUP: &str = "REGPLAN_TEST_BED_CGROUP";

/// Where the machine has its cgroups: of the second version here, of the first one in a folder for each controller.
const MOUNTED: &str = "/sys/fs/cgroup";

/// How long the last containers may take to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often is looked whether they have.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A group for the containers of a bed, which is removed when this value is dropped, or this process is killed.
pub(crate) struct Group {
    name: String,
    janitor: Child,
}

impl Group {
    /// One with a name of its own. Nothing is created yet.
    pub(crate) fn reserve() -> Result<Self, Error> {
        let name = format!("{PREFIX}{:08x}", rand::random::<u32>());
        let janitor = this_executable([OsStr::new(JANITOR), OsStr::new(&name)])
            // Ctrl-C is for the run; this has to work then.
            .process_group(0)
            .stdin(Stdio::piped())
            .spawn()?;
        Ok(Self { name, janitor })
    }

    /// How the bed is told of it.
    pub(crate) fn variable(&self) -> (&'static str, &str) {
        (GROUP, &self.name)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        drop(self.janitor.stdin.take());
        // If it cannot be waited for, there is nothing else to try.
        let _ = self.janitor.wait();
    }
}

/// Creates the group that was reserved for this bed, and returns its path, as the kubelet takes it.
pub(super) fn create() -> Result<String, Error> {
    let name = std::env::var(GROUP).map_err(|_| "no cgroup was reserved for this bed")?;
    for hierarchy in hierarchies() {
        let group = hierarchy.join(&name);
        fs::create_dir(&group)?;
        inherit_processors(&hierarchy, &group);
    }
    Ok(format!("/{name}"))
}

/// In the first version, a new group has no processors until it is given some.
fn inherit_processors(from: &Path, to: &Path) {
    for file in ["cpuset.cpus", "cpuset.mems"] {
        if let Ok(value) = fs::read(from.join(file)) {
            // In the second version, the root has no such file to read.
            let _ = fs::write(to.join(file), value);
        }
    }
}

/// Does the work of a janitor, if this process was started as one.
pub(crate) fn child_main() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    (args.next()? == JANITOR).then(|| args.next().map_or(ExitCode::FAILURE, |name| janitor(&name)))
}

/// Waits until standard input ends, and removes the groups of this name.
fn janitor(name: &OsStr) -> ExitCode {
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut left =
            hierarchies().into_iter().map(|hierarchy| hierarchy.join(name)).filter(|group| group.exists());
        if left.by_ref().filter(|group| remove(group).is_err()).count() == 0 {
            return ExitCode::SUCCESS;
        }
        if Instant::now() > deadline {
            return ExitCode::FAILURE;
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// Removes a group and those in it. It fails where a process is still in one of them.
fn remove(group: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(group)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove(&entry.path())?;
        }
    }
    fs::remove_dir(group)
}

/// Whether there is a group of this name.
pub(crate) fn exists(name: &str) -> bool {
    hierarchies().into_iter().any(|hierarchy| hierarchy.join(name).exists())
}

/// The roots of the trees of groups.
fn hierarchies() -> Vec<PathBuf> {
    let mounted = PathBuf::from(MOUNTED);
    if mounted.join("cgroup.controllers").exists() {
        return vec![mounted];
    }
    let entries = fs::read_dir(&mounted).into_iter().flatten().flatten().map(|entry| entry.path());
    // A link leads to a tree that is there under another name.
    entries.filter(|path| path.join("cgroup.procs").exists() && !path.is_symlink()).collect()
}
