//! The paths of the files of a state.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::error::StateError;
use super::files;
use crate::config::is_absent;

/// The name of the folder that all projects share whose configuration is in the same folder.
const SHARED: &str = ".regplan";

/// The folder of one project's state, and the paths of the files in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    folder: PathBuf,
    /// `.regplan`, where the folder is the default one.
    shared: Option<PathBuf>,
}

impl Location {
    /// `.regplan/PROJECT/` in the folder of the first configuration file.
    ///
    /// # Errors
    /// [`StateError::BadProjectName`] for a name that cannot be a folder's name, or would lead out of the
    /// folder.
    pub fn beside(configuration: &Path, project: &str) -> Result<Self, StateError> {
        let refuse = |reason| Err(StateError::BadProjectName { project: project.to_owned(), reason });
        if project.is_empty() {
            return refuse("it is empty");
        }
        if project.starts_with('.') {
            return refuse("it starts with a dot");
        }
        if project.contains(['/', '\\', ':', '\0']) {
            return refuse("it contains a separator");
        }
        let shared = configuration.join(SHARED);
        Ok(Self { folder: shared.join(project), shared: Some(shared) })
    }

    /// The folder of `[state] path`, which holds the state of one project and nothing else.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), shared: None }
    }

    /// The folder that holds all of them.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder in which nothing but regplan writes: that of all projects, where the state is in its default place.
    pub fn kept_folder(&self) -> &Path {
        self.shared.as_deref().unwrap_or(&self.folder)
    }

    /// The file of the state.
    pub fn state(&self) -> PathBuf {
        self.folder.join("state.json")
    }

    /// The file of the journal, which exists while a run is under way.
    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal")
    }

    /// The file that is locked.
    pub fn lock(&self) -> PathBuf {
        self.folder.join("lock")
    }

    /// The file of the key that seals the digests of secrets in plan files.
    pub fn key(&self) -> PathBuf {
        self.folder.join("key")
    }

    /// The folder of the revisions.
    pub fn revisions(&self) -> PathBuf {
        self.folder.join("revisions")
    }

    /// The file of one revision.
    pub fn revision(&self, number: u64) -> PathBuf {
        self.revisions().join(format!("{number:06}.json"))
    }

    /// The file of the secret values of one revision.
    pub fn values(&self, number: u64) -> PathBuf {
        self.revisions().join(format!("{number:06}.values.json"))
    }

    /// Makes the folder.
    ///
    /// A new `.regplan` gets a `.gitignore`, so that a local state, which is for one machine, is not
    /// committed by accident and checked out on another one. A folder that the user chose with `[state] path`
    /// gets none: the user may want to keep the state under version control.
    pub(super) fn make(&self) -> Result<(), StateError> {
        if let Some(shared) = self.shared.as_deref().filter(|shared| is_absent(shared)) {
            files::make_folder(shared)?;
            let path = shared.join(".gitignore");
            let file = files::open_private(&path, OpenOptions::new().write(true).create(true).truncate(true));
            file.and_then(|mut file| file.write_all(b"*\n")).map_err(StateError::io(&path, "write"))?;
        }
        files::make_folder(&self.folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_project_has_its_own_folder_and_git_ignores_them() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::beside(folder.path(), "registry").unwrap();
        location.make().unwrap();
        location.make().unwrap();
        assert!(folder.path().join(".regplan/registry").is_dir());
        let ignored = std::fs::read_to_string(folder.path().join(".regplan/.gitignore")).unwrap();
        assert_eq!(ignored, "*\n");
    }

    #[test]
    fn a_chosen_folder_is_left_to_the_user() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::at(folder.path().join("kept"));
        location.make().unwrap();
        assert!(!folder.path().join(".gitignore").exists());
        assert!(!folder.path().join("kept/.gitignore").exists());
    }

    #[test]
    fn a_name_does_not_lead_out_of_the_folder() {
        for name in ["", ".", "..", ".git", "../x", "a/b", "a\\b", "C:x", "a\0b"] {
            assert!(Location::beside(Path::new("."), name).is_err(), "{name}");
        }
    }
}
