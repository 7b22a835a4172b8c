//! How a file is laid out around what it holds: the version of the format, a checksum, the content.
//!
//! The checksum is the SHA-256 of the content as it stands in the file, from its opening brace to its closing
//! one. So it is verified over the bytes that were read, and nothing has to be written again for that.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::StateError;
use super::version::FORMAT_VERSION;
use crate::resource::digest;

/// What a file of this room holds.
pub(super) trait Content: DeserializeOwned {
    /// Reads what format 1 held: the whole file was the content.
    ///
    /// # Errors
    /// What is wrong with it.
    fn from_format_1(file: &[u8]) -> serde_json::Result<Self>;
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

/// What a file of every format has.
#[derive(Deserialize)]
struct Head {
    format_version: u64,
}

/// The whole file around this content.
pub(super) fn write(path: &Path, content: &impl Serialize) -> Result<Vec<u8>, StateError> {
    let text = serde_json::to_string_pretty(content);
    let text = text.map_err(|error| StateError::io(path, "write")(error.into()))?;
    let checksum = digest(&text);
    let file = format!(
        "{{\n\"format_version\": {FORMAT_VERSION},\n\"checksum\": \"{checksum}\",\n\"content\": {text}\n}}\n"
    );
    Ok(file.into_bytes())
}

/// What a file holds.
///
/// # Errors
/// A newer format, and what is not as it was written.
pub(super) fn read<T: Content>(path: &Path, file: &[u8]) -> Result<T, StateError> {
    let damaged = |reason: String| StateError::Damaged { path: path.to_owned(), reason };
    let json = |error: serde_json::Error| damaged(error.to_string());
    let current = u64::from(FORMAT_VERSION);
    let problem = match serde_json::from_slice::<File<'_>>(file) {
        Ok(File { format_version, checksum, content }) if format_version == current => {
            if digest(content.get()) != checksum {
                return Err(damaged("its checksum does not fit: it is not what regplan wrote".to_owned()));
            }
            return serde_json::from_str(content.get()).map_err(json);
        }
        Ok(_) => "it is laid out like another version than it says".to_owned(),
        Err(error) => error.to_string(),
    };
    // Before it is called damaged: what another version wrote may look like that.
    let Head { format_version } = serde_json::from_slice(file).map_err(json)?;
    match format_version {
        1 => T::from_format_1(file).map_err(json),
        found if found > current => {
            Err(StateError::NewerFormat { path: path.to_owned(), found, known: FORMAT_VERSION })
        }
        _ => Err(damaged(problem)),
    }
}

#[cfg(test)]
mod tests;
