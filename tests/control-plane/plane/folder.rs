//! The plane's folder: in memory where there is enough of it, and gone when the plane is.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::Error;

const PREFIX: &str = "regplan-plane-";

/// etcd alone lays out 64 MB at once; containers often have no more than that in `/dev/shm`.
const ENOUGH: u64 = 1 << 30;

/// A folder that is removed when dropped; what a killed guard left behind goes at the next start.
#[derive(Debug)]
pub(super) struct Folder {
    folder: tempfile::TempDir,
    /// Locked for as long as the guard lives, which tells its folder from an orphan.
    _lock: File,
}

impl Folder {
    pub(super) fn create() -> Result<Self, Error> {
        sweep();
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(base())?;
        let lock = lock(folder.path())?;
        Ok(Self { folder, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Memory-backed storage, or the temporary folder where there is none or too little.
fn base() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let room = rustix::fs::statvfs(memory).map_or(0, |stat| stat.f_bavail * stat.f_frsize);
    if room >= ENOUGH && tempfile::tempfile_in(memory).is_ok() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    }
}

/// Takes the lock under another name first, so that nobody ever finds it there and free.
fn lock(folder: &Path) -> Result<File, Error> {
    let unborn = folder.join("lock.new");
    let file = File::create(&unborn)?;
    file.lock()?;
    fs::rename(unborn, folder.join("lock"))?;
    Ok(file)
}

/// Removes the folders whose guards are dead. Others may be at it too, so failures are no matter.
pub(super) fn sweep() {
    let entries = fs::read_dir(base()).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        let lock = File::open(entry.path().join("lock"));
        if lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
