//! Files that survive a kill: readable by their owner only, replaced as a whole, and on disk before a
//! function returns.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::error::StateError;
use crate::config::is_absent;

/// How the names of unfinished files begin. The holder of the lock may remove them.
const UNFINISHED: &str = ".unfinished-";

/// Makes a folder and its missing parents, for their owner only, and syncs them to disk. Folders that exist
/// are left as they are.
pub(super) fn make_folder(path: &Path) -> Result<(), StateError> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        make_folder(parent)?;
    }
    step("make folder").map_err(StateError::io(path, "make the folder"))?;
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        // Another process has made it in between.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        result => result.map_err(StateError::io(path, "make the folder")),
    }?;
    sync_folder(parent.unwrap_or(Path::new(".")))
}

/// Opens a file. If `options` make a new one, only its owner can read and write it.
pub(super) fn open_private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.open(path)
}

/// The whole file; `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, StateError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(_) if is_absent(path) => Ok(None),
        Err(error) => Err(StateError::io(path, "read")(error)),
    }
}

/// Replaces the whole file: afterwards either the old one or the new one is there, never a part.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    let failed = || StateError::io(path, "replace");
    let folder = path.parent().unwrap_or(Path::new("."));
    step("create").map_err(failed())?;
    // The new file is in the same folder, because a rename is atomic only within one file system. tempfile
    // makes it with mode 0600.
    let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder).map_err(failed())?;
    step("write").map_err(failed())?;
    file.write_all(bytes).map_err(failed())?;
    // The sync comes before the rename: otherwise a crash can leave the new name with no content.
    step("sync").map_err(failed())?;
    file.as_file().sync_all().map_err(failed())?;
    step("rename").map_err(failed())?;
    file.persist(path).map_err(|error| failed()(error.error))?;
    sync_folder(folder)
}

/// Makes the whole file, unless there is one already. Returns whether it was made. It needs no lock: whoever takes the lock meanwhile
/// takes the unfinished file away, and then it is made once more.
pub(super) fn create(path: &Path, bytes: &[u8]) -> Result<bool, StateError> {
    match create_once(path, bytes) {
        Err(StateError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            create_once(path, bytes)
        }
        made => made,
    }
}

fn create_once(path: &Path, bytes: &[u8]) -> Result<bool, StateError> {
    let failed = || StateError::io(path, "make");
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder).map_err(failed())?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed())?;
    match file.persist_noclobber(path) {
        Ok(_) => sync_folder(folder).map(|()| true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed()(error.error)),
    }
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), StateError> {
    step("remove").map_err(StateError::io(path, "remove"))?;
    match fs::remove_file(path) {
        Ok(()) => sync_folder(path.parent().unwrap_or(Path::new("."))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StateError::io(path, "remove")(error)),
    }
}

/// Syncs the names in a folder to disk: a file whose name is not there is lost with all its bytes.
pub(super) fn sync_folder(path: &Path) -> Result<(), StateError> {
    step("sync folder").map_err(StateError::io(path, "sync the folder"))?;
    // On other systems a folder cannot be opened as a file.
    #[cfg(unix)]
    File::open(path).and_then(|folder| folder.sync_all()).map_err(StateError::io(path, "sync the folder"))?;
    Ok(())
}

/// Removes the files that a killed process left half written. Only the holder of the lock may call it. A file
/// that cannot be removed does no harm; a folder that cannot be read is one in which nothing can be trusted.
///
/// # Errors
/// The folder is there, and cannot be read.
pub(super) fn remove_unfinished(folder: &Path) -> Result<(), StateError> {
    if is_absent(folder) {
        return Ok(());
    }
    for entry in fs::read_dir(folder).map_err(StateError::io(folder, "read"))? {
        let entry = entry.map_err(StateError::io(folder, "read"))?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

#[cfg(not(test))]
pub(super) use real::step;
#[cfg(test)]
pub(super) use simulated::step;

#[cfg(not(test))]
mod real {
    /// Marks a step before which a process can be killed; tests do so.
    #[expect(clippy::unnecessary_wraps, reason = "the tests' own one fails")]
    pub(in crate::state) fn step(_name: &'static str) -> std::io::Result<()> {
        Ok(())
    }
}

/// Simulates a process that is killed at a chosen step: this step and all later ones fail.
#[cfg(test)]
pub(crate) mod simulated {
    use std::cell::{Cell, RefCell};
    use std::io;

    thread_local! {
        static SEEN: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
        static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
        static ONCE: Cell<bool> = const { Cell::new(false) };
    }

    pub(in crate::state) fn step(name: &'static str) -> io::Result<()> {
        SEEN.with_borrow_mut(|seen| seen.push(name));
        LEFT.with(|left| match left.get() {
            None => Ok(()),
            Some(0) => {
                left.set((!ONCE.get()).then_some(0));
                Err(io::Error::other(format!("killed before: {name}")))
            }
            Some(n) => {
                left.set(Some(n - 1));
                Ok(())
            }
        })
    }

    /// The steps of this thread since it was last asked for them.
    pub(crate) fn steps() -> Vec<&'static str> {
        SEEN.take()
    }

    /// The process dies before the step after the next `n` ones.
    pub(crate) fn die_after(n: usize) {
        ONCE.set(false);
        LEFT.with(|left| left.set(Some(n)));
    }

    /// The process lives on, but the step after the next `n` ones fails.
    pub(crate) fn fail_after(n: usize) {
        ONCE.set(true);
        LEFT.with(|left| left.set(Some(n)));
    }

    /// A new process begins: no step fails any more.
    pub(crate) fn revive() {
        LEFT.with(|left| left.set(None));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_that_fails_at_any_step_leaves_the_old_file_or_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        for steps in 0..100 {
            replace(&path, b"old").unwrap();
            simulated::die_after(steps);
            let result = replace(&path, b"new");
            simulated::revive();
            let now = fs::read(&path).unwrap();
            assert!(now == b"old" || now == b"new");
            if result.is_ok() {
                assert_eq!(now, b"new");
                assert_eq!(steps, 5, "create, write, sync, rename, sync folder");
                break;
            }
        }
    }

    #[test]
    fn a_replacement_that_the_system_refuses_leaves_nothing_half() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        fs::create_dir(&path).unwrap();
        let error = replace(&path, b"new").unwrap_err();
        assert!(error.to_string().contains("could not replace"), "{error}");
        assert!(path.is_dir());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_there_already_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        assert!(create(&path, b"first").unwrap());
        assert!(!create(&path, b"second").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_under_a_file_is_an_error_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = make_folder(&file.join("below")).unwrap_err();
        assert!(error.to_string().contains("file"), "{error}");
    }

    #[test]
    fn what_was_left_half_written_goes() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".unfinished-abc"), "x").unwrap();
        fs::write(folder.path().join("kept"), "x").unwrap();
        remove_unfinished(folder.path()).unwrap();
        remove_unfinished(&folder.path().join("missing")).unwrap();
        assert!(
            remove_unfinished(&folder.path().join("kept")).is_err(),
            "what cannot be read is not taken for empty"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_nowhere_is_not_taken_for_absence() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        assert!(read(&path).unwrap().is_none());
        std::os::unix::fs::symlink("/nowhere", &path).unwrap();
        let error = read(&path).unwrap_err();
        assert!(error.to_string().contains("could not read"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads() {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        make_folder(&inner).unwrap();
        let path = inner.join("state.json");
        replace(&path, b"x").unwrap();
        let other = inner.join("journal");
        open_private(&other, OpenOptions::new().append(true).create(true)).unwrap();
        assert_eq!(mode(&inner), 0o700);
        assert_eq!(mode(inner.parent().unwrap()), 0o700);
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(&other), 0o600);
    }
}
