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

/// A file of any version. Those of format 1 have neither a checksum nor a content of its own.
#[derive(Deserialize)]
struct File<'a> {
    format_version: u64,
    checksum: Option<String>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
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

/// What a file holds. The version comes first, because what a newer one writes may look like damage.
///
/// # Errors
/// A newer format, and what is not as it was written.
pub(super) fn read<T: Content>(path: &Path, file: &[u8]) -> Result<T, StateError> {
    let damaged = |reason: String| StateError::Damaged { path: path.to_owned(), reason };
    let json = |error: serde_json::Error| damaged(error.to_string());
    let File { format_version, checksum, content } = serde_json::from_slice(file).map_err(json)?;
    match format_version {
        1 => T::from_format_1(file).map_err(json),
        found if found > u64::from(FORMAT_VERSION) => {
            Err(StateError::NewerFormat { path: path.to_owned(), found, known: FORMAT_VERSION })
        }
        found if found < 1 => Err(damaged(format!("there is no format version {found}"))),
        _ => {
            let (Some(checksum), Some(content)) = (checksum, content) else {
                return Err(damaged("it has no checksum, or nothing that it is of".to_owned()));
            };
            if digest(content.get()) != checksum {
                return Err(damaged("its checksum does not fit: it is not what regplan wrote".to_owned()));
            }
            serde_json::from_str(content.get()).map_err(json)
        }
    }
}

#[cfg(test)]
mod tests;
