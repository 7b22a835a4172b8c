//! The lock of a state: there is one writer at a time, and others can see who it is.
//!
//! The operating system holds the lock, on an open file. It ends with the process, however that ends, so a
//! killed run leaves no lock behind. The file's content only tells others who holds it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::backend::LockSign;
use super::error::StateError;
use super::files;
use super::holder::{Holder, host};
use super::id::LockId;
use crate::config::is_absent;

/// How often a lock that is held is tried for again: who only looks at it has it for a moment.
const TRIES: usize = 5;
/// How long to wait before each of them.
const PAUSE: Duration = Duration::from_millis(10);

/// The lock while this process holds it. Dropping the value releases the lock.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    file: File,
    holder: Holder,
    /// The process that held the lock last and was killed.
    pub(super) left_by: Option<Holder>,
}

impl Lock {
    /// Takes the lock.
    ///
    /// # Errors
    /// [`StateError::Locked`] where another process holds it, with its name where that is known.
    pub(super) fn take(path: &Path, command: &str) -> Result<Self, StateError> {
        let (mut file, left_by) = acquire(path)?;
        let holder = Holder::this_process(command);
        write_holder(&mut file, &holder).map_err(StateError::io(path, "write"))?;
        Ok(Self { path: path.to_owned(), file, holder, left_by })
    }

    /// This process, as the lock's file names it.
    pub(super) fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Makes sure that we still hold the lock. It is on the file, not on the file's name: if somebody removes
    /// the file, the next process locks a new file of the same name, and two processes would write.
    ///
    /// # Errors
    /// [`StateError::NotLocked`] where the file was removed or replaced.
    pub(super) fn confirm(&self) -> Result<(), StateError> {
        if is_the_same(&self.file, &self.path) {
            return Ok(());
        }
        Err(StateError::NotLocked { path: self.path.clone(), reason: "somebody removed the file" })
    }
}

/// Releases the lock and removes our name from the file: a name that stays there means a killed process.
impl Drop for Lock {
    fn drop(&mut self) {
        // If this fails, the next process reports a killed process that was not killed, and goes on.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

/// Clears what a killed process left in the lock, if it has this id.
///
/// No run needs this: the next one takes the lock anyway. The lock of a living process cannot be broken,
/// since that process would go on writing; end the process instead.
///
/// # Errors
/// The process is still alive ([`StateError::Locked`]), or the id is another ([`StateError::OtherLock`]).
pub(super) fn unlock(path: &Path, id: &LockId) -> Result<Holder, StateError> {
    let other = |found| StateError::OtherLock { path: path.to_owned(), given: id.clone(), found };
    if is_absent(path) {
        return Err(other(None));
    }
    let (file, left_by) = acquire(path)?;
    match left_by {
        Some(holder) if holder.id == *id => {
            file.set_len(0).map_err(StateError::io(path, "write"))?;
            Ok(holder)
        }
        left_by => Err(other(left_by.map(|holder| holder.id))),
    }
}

/// Looks at the lock without keeping it from others.
///
/// # Errors
/// The file cannot be read, or its system knows no locks.
pub(super) fn look(path: &Path) -> Result<LockSign, StateError> {
    if is_absent(path) {
        return Ok(LockSign::Nothing);
    }
    let mut file = File::open(path).map_err(StateError::io(path, "open"))?;
    match file.try_lock_shared() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(LockSign::Held),
        Err(TryLockError::Error(error)) => return Err(StateError::io(path, "lock")(error)),
    }
    let left_by = read_holder(&mut file);
    file.unlock().map_err(StateError::io(path, "unlock"))?;
    // In the copy of a folder nobody holds a lock, whatever happens where it comes from.
    let is_from_here = left_by.is_some_and(|holder| holder.host == host());
    Ok(if is_from_here { LockSign::Free } else { LockSign::Nothing })
}

fn acquire(path: &Path) -> Result<(File, Option<Holder>), StateError> {
    loop {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = files::open_private(path, &mut options).map_err(StateError::io(path, "open"))?;
        match patiently(|| file.try_lock()) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = read_holder_patiently(&mut file).map(Box::new);
                return Err(StateError::Locked { path: path.to_owned(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(StateError::io(path, "lock")(error)),
        }
        // The file may have been removed between opening and locking; then the lock keeps nobody else out.
        if is_the_same(&file, path) {
            let left_by = read_holder(&mut file);
            return Ok((file, left_by));
        }
    }
}

/// Tries some times more while somebody else has it.
fn patiently(try_once: impl Fn() -> Result<(), TryLockError>) -> Result<(), TryLockError> {
    for _ in 0..TRIES {
        match try_once() {
            Err(TryLockError::WouldBlock) => sleep(PAUSE),
            tried => return tried,
        }
    }
    try_once()
}

fn write_holder(file: &mut File, holder: &Holder) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    let mut text = serde_json::to_vec_pretty(holder)?;
    text.push(b'\n');
    file.write_all(&text)?;
    file.sync_all()
}

/// The process that holds the lock, or held it last; `None` where the file's content is not a holder.
fn read_holder(file: &mut File) -> Option<Holder> {
    let mut text = Vec::new();
    file.rewind().ok()?;
    file.take(64 * 1024).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// The same, read several times: another process locks first and writes its name a moment later.
fn read_holder_patiently(file: &mut File) -> Option<Holder> {
    for _ in 0..10 {
        if let Some(holder) = read_holder(file) {
            return Some(holder);
        }
        sleep(Duration::from_millis(20));
    }
    None
}

#[cfg(unix)]
fn is_the_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(named)) => (ours.dev(), ours.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

/// On other systems an open file cannot be removed.
#[cfg(not(unix))]
fn is_the_same(_file: &File, path: &Path) -> bool {
    !is_absent(path)
}

#[cfg(test)]
mod tests;
