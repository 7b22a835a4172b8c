//! Files as a user names them.

use std::fmt;
use std::path::PathBuf;

/// A file, a folder, or a pattern of paths, as a user names it.
///
/// Only the text is a pattern. The folder that it starts from is taken as it is, whatever it is called.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FilePattern {
    /// The absolute folder that the text starts from, if it is relative.
    pub folder: PathBuf,
    /// What the user wrote.
    pub text: String,
}

impl FilePattern {
    /// The path that it is where it is no pattern.
    pub fn path(&self) -> PathBuf {
        self.folder.join(&self.text).components().collect()
    }
}

impl fmt::Display for FilePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path().display())
    }
}
