//! The folder with a plane's data: in memory where there is enough of it, and removed when the plane ends.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::Error;

const PREFIX: &str = "regplan-plane-";

/// Bytes that have to be free in memory. etcd alone reserves 64 MB at once, and containers often have no more
/// than that in `/dev/shm`.
const MIN_FREE: u64 = 1 << 30;

/// A folder that is removed when dropped. One that a killed guard has left is removed at the next start.
#[derive(Debug)]
pub(super) struct Folder {
    folder: tempfile::TempDir,
    /// Locked for as long as the guard lives. The folder of a dead guard has no lock.
    _lock: File,
}

impl Folder {
    pub(super) fn create() -> Result<Self, Error> {
        remove_orphans();
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(base())?;
        let lock = lock(folder.path())?;
        Ok(Self { folder, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// The folder for such folders: in memory, or the temporary folder where memory is short.
fn base() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let free = rustix::fs::statvfs(memory).map_or(0, |stat| stat.f_bavail * stat.f_frsize);
    if free >= MIN_FREE && tempfile::tempfile_in(memory).is_ok() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    }
}

/// Takes the lock under another name first, so that the file `lock` is locked from the moment it exists.
fn lock(folder: &Path) -> Result<File, Error> {
    let new = folder.join("lock.new");
    let file = File::create(&new)?;
    file.lock()?;
    fs::rename(new, folder.join("lock"))?;
    Ok(file)
}

/// Removes the folders whose guards are dead. Another process may do the same now, so errors are ignored.
pub(super) fn remove_orphans() {
    let entries = fs::read_dir(base()).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        let lock = File::open(entry.path().join("lock"));
        if lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
