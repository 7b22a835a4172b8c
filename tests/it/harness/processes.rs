//! The machine's processes, so that a test can prove that none is left.

use std::fs;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// The processes that descend from this one.
pub(crate) fn descendants(of: u32) -> Vec<u32> {
    let all: Vec<(u32, u32)> = ids().filter_map(|id| Some((id, parent(id)?))).collect();
    let mut found = vec![of];
    let mut next = 0;
    while let Some(id) = found.get(next).copied() {
        found.extend(all.iter().filter(|(_, parent)| *parent == id).map(|(child, _)| *child));
        next += 1;
    }
    found.split_off(1)
}

/// Whether it still runs. A process that has ended but was not waited for does not.
pub(crate) fn is_alive(id: u32) -> bool {
    stat(id).is_some_and(|fields| !matches!(fields[0].as_str(), "Z" | "X"))
}

/// The name of its program. The kernel keeps its first 15 characters.
pub(crate) fn name(id: u32) -> String {
    fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default().trim_end().to_owned()
}

/// The processes of the program with this name.
pub(crate) fn all_of(program: &str) -> Vec<u32> {
    ids().filter(|id| self::name(*id) == program).collect()
}

/// The processes that see this folder as the root of all.
pub(crate) fn rooted_in(folder: &Path) -> Vec<u32> {
    let sees = |id: &u32| fs::read_link(format!("/proc/{id}/root")).is_ok_and(|root| root == folder);
    ids().filter(sees).collect()
}

/// Stops a process. It goes on after this time, while the returned thread runs.
pub(crate) fn freeze(id: u32, time: Duration) -> JoinHandle<()> {
    let id = Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
    kill_process(id, Signal::STOP).unwrap();
    std::thread::spawn(move || {
        std::thread::sleep(time);
        kill_process(id, Signal::CONT).unwrap();
    })
}

fn ids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir(Path::new("/proc")).unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parent(id: u32) -> Option<u32> {
    stat(id)?[1].parse().ok()
}

/// The fields after the name: state, parent and so on. The name may contain any characters.
fn stat(id: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    Some(fields.split(' ').map(str::to_owned).collect())
}
