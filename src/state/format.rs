//! The layout of a file around its content: the version of the format, a checksum, the content.
//!
//! The checksum is the SHA-256 of the content as it is in the file, from its opening brace to its closing
//! one. So it is verified over the bytes that were read, and nothing has to be serialised again for that.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::error::StateError;
use super::model::State;
use super::version::FORMAT_VERSION;
use crate::resource::{digest, digest_bytes, from_json};

/// What a file of this room can hold: a state, or a revision; or a part of it that is read by itself.
pub(super) trait Content: DeserializeOwned {
    /// Reads what format 1 held: the whole file was the content.
    ///
    /// # Errors
    /// The file is not JSON, or lacks a field, or has an unknown one.
    fn from_format_1(file: &[u8]) -> serde_json::Result<Self>;

    /// The same without what a newer version does not keep any more.
    #[must_use]
    fn in_todays_form(self) -> Self {
        self
    }
}

/// A file of the current format.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File<'a> {
    format_version: u64,
    checksum: String,
    #[serde(borrow)]
    content: &'a RawValue,
}

/// What stands in the place of a state that has moved.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tombstone {
    format_version: u64,
    moved_to: PathBuf,
    /// Of the text of the new place. Older versions wrote none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
}

/// The field that a file of every format has.
#[derive(Deserialize)]
struct Head {
    format_version: u64,
}

/// A state as its file holds it.
///
/// # Errors
/// None that is known: every state can be written.
pub fn to_file(path: &Path, state: &State) -> Result<String, StateError> {
    let bytes = write(path, state)?;
    String::from_utf8(bytes)
        .map_err(|error| StateError::Damaged { path: path.to_owned(), reason: error.to_string() })
}

/// The state in a file that a user names, which may be any file.
///
/// # Errors
/// It is no state, is damaged, or has a newer format.
pub fn from_file(path: &Path, bytes: &[u8]) -> Result<State, StateError> {
    read(path, bytes).map_err(|error| match (error, something_else(bytes)) {
        (StateError::Damaged { path, .. }, Some(found)) => StateError::NoStateFile { path, found },
        (error, _) => error,
    })
}

/// What a file is that never was a state; `None` where it may have been one.
fn something_else(file: &[u8]) -> Option<&'static str> {
    if !file.trim_ascii_start().starts_with(b"{") {
        return Some(if file.trim_ascii().is_empty() { "it is empty" } else { "it is not JSON" });
    }
    // What is broken off may have been anything.
    let all: Map<String, Value> = from_json(file).ok()?;
    let has = |key| all.contains_key(key);
    if has("seal") {
        return Some("it is a plan file");
    }
    if all.get("content").is_some_and(|content| content.get("head").is_some()) {
        return Some("it is a revision");
    }
    // Those of other programs of the kind have a lineage as well.
    let is_of_others = has("terraform_version");
    let is_alike = has("content") || has("checksum") || has("lineage") && has("resources") && !is_of_others;
    (!is_alike).then_some("it is JSON of another kind")
}

/// The bytes of a whole file with this content. `path` is for the message of an error.
///
/// The content of a large project is many megabytes. It is written once, where it stays, and the checksum before it
/// is filled in afterwards.
pub(super) fn write(path: &Path, content: &impl Serialize) -> Result<Vec<u8>, StateError> {
    let failed = |error| StateError::io(path, "write")(error);
    let empty = digest("");
    let mut file = format!("{{\n\"format_version\": {FORMAT_VERSION},\n\"checksum\": \"").into_bytes();
    let checksum_at = file.len();
    file.extend_from_slice(format!("{empty}\",\n\"content\": ").as_bytes());
    let content_at = file.len();
    serde_json::to_writer_pretty(&mut file, content).map_err(|error| failed(error.into()))?;
    let checksum = digest_bytes(&file[content_at..]);
    file[checksum_at..checksum_at + checksum.len()].copy_from_slice(checksum.as_bytes());
    file.extend_from_slice(b"\n}\n");
    Ok(file)
}

/// The file that stands in the place of a state that has moved to another place. Older versions, which do not know it,
/// call it damaged, and do not go on with it either.
pub(super) fn tombstone(to: &Path) -> Vec<u8> {
    let (moved_to, checksum) = (to.to_owned(), Some(digest(&to.to_string_lossy())));
    let tombstone = Tombstone { format_version: FORMAT_VERSION.into(), moved_to, checksum };
    // A number and a path that came from text always can be written.
    serde_json::to_vec_pretty(&tombstone).unwrap_or_default()
}

impl Tombstone {
    /// What it says, for a reader of the state at this path.
    fn told(self, path: &Path) -> StateError {
        let (path, to) = (path.to_owned(), self.moved_to);
        let is_as_written = self.checksum.is_none_or(|checksum| checksum == digest(&to.to_string_lossy()));
        if is_as_written { StateError::Retired { path, to } } else { StateError::NoteDamaged { path, to } }
    }
}

/// Reads the content of a file, of this format or of format 1. `path` is for the message of an error.
///
/// # Errors
/// [`StateError::NewerFormat`], [`StateError::Retired`], and [`StateError::Damaged`] or [`StateError::NoteDamaged`] for what
/// is not as regplan wrote it.
pub(super) fn read<T: Content>(path: &Path, file: &[u8]) -> Result<T, StateError> {
    let damaged = |reason: String| StateError::Damaged { path: path.to_owned(), reason };
    let json = |error: serde_json::Error| damaged(error.to_string());
    let current = u64::from(FORMAT_VERSION);
    let problem = match from_json::<File<'_>>(file) {
        Ok(File { format_version, checksum, content }) if format_version == current => {
            if digest(content.get()) != checksum {
                return Err(damaged("its checksum does not fit: it is not what regplan wrote".to_owned()));
            }
            return from_json(content.get().as_bytes()).map(T::in_todays_form).map_err(json);
        }
        Ok(_) => "it is laid out like another version than it says".to_owned(),
        Err(error) => {
            if let Ok(tombstone) = from_json::<Tombstone>(file)
                && tombstone.format_version == current
            {
                return Err(tombstone.told(path));
            }
            error.to_string()
        }
    };
    // The version is looked at before the file is called damaged: a file of another version may look like
    // that.
    let Head { format_version } = from_json(file).map_err(json)?;
    match format_version {
        1 => T::from_format_1(file).map(T::in_todays_form).map_err(json),
        found if found > current => {
            Err(StateError::NewerFormat { path: path.to_owned(), found, known: FORMAT_VERSION })
        }
        _ => Err(damaged(problem)),
    }
}

#[cfg(test)]
mod tests;
