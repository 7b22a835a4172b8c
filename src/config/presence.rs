//! Whether a path names something. A read that fails is not taken for absence.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Whether there is certainly nothing of this name. A link that leads nowhere, or a folder that may not be looked
/// into, is something: to read it gives the error that says so.
pub fn is_absent(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}
