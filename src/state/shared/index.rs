//! Which revisions a shared state has.
//!
//! The index holds nothing that the revisions do not tell by themselves. So one that is damaged hides none of them: it is
//! made anew.

use std::collections::BTreeSet;
use std::path::Path;

use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use super::shelf::{Item, Shelf, ShelfError};
use crate::resource::from_json;
use crate::state::error::StateError;
use crate::state::format::{self, Content};
use crate::state::revision::HeadOnly;
use crate::state::version::FORMAT_VERSION;

/// The numbers of the revisions, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::state) struct Index {
    pub(in crate::state) revisions: Vec<u64>,
}

impl Content for Index {
    fn from_format_1(_: &[u8]) -> serde_json::Result<Self> {
        Err(serde_json::Error::custom("no state of format version 1 has an index"))
    }
}

/// An index as it was written before it had a checksum.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithoutChecksum {
    format_version: u32,
    revisions: Vec<u64>,
}

/// The index of a shelf, an empty one where there is none; or what is wrong with it, in words.
///
/// # Errors
/// It cannot be read, or has a newer format.
pub(super) async fn read(shelf: &dyn Shelf) -> Result<Result<Index, String>, StateError> {
    let path = shelf.place(Item::Index);
    match shelf.get(Item::Index).await {
        Ok(None) => Ok(Ok(Index::default())),
        Ok(Some(kept)) => from_bytes(&path, &kept.bytes),
        Err(ShelfError::Damaged(problem)) => Ok(Err(problem.message)),
        Err(error) => Err(StateError::shelf(&path, "read")(error)),
    }
}

/// The index in these bytes, with or without a checksum; or what is wrong with it. `path` is for the message of an error.
///
/// # Errors
/// It has a newer format.
pub(in crate::state) fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Result<Index, String>, StateError> {
    match format::read(path, bytes) {
        Ok(index) => Ok(Ok(index)),
        Err(StateError::Damaged { reason, .. }) => Ok(without_checksum(bytes).ok_or(reason)),
        Err(error) => Err(error),
    }
}

fn without_checksum(bytes: &[u8]) -> Option<Index> {
    let WithoutChecksum { format_version, revisions } = from_json(bytes).ok()?;
    let is_as_written = format_version == FORMAT_VERSION && revisions.is_sorted_by(|one, next| one < next);
    is_as_written.then_some(Index { revisions })
}

/// The index as the revisions tell it, in the place of a damaged one. A revision that is damaged is named by its place.
///
/// # Errors
/// It cannot be found out which revisions there are; the `reason` says what is wrong with the index.
pub(super) async fn anew(shelf: &dyn Shelf, reason: &str) -> Result<Index, StateError> {
    let path = shelf.place(Item::Index);
    let unknown = |error| {
        let error = StateError::shelf(&path, "look for the revisions beside")(error);
        StateError::Damaged { path: path.clone(), reason: format!("{reason}; {error}") }
    };
    let mut revisions = BTreeSet::new();
    for number in shelf.places_of_revisions().await.map_err(unknown)? {
        let item = Item::Revision(number);
        let kept = match shelf.get(item).await {
            Ok(None) => continue,
            Ok(Some(kept)) => Some(kept),
            Err(ShelfError::Damaged(_)) => None,
            Err(error) => return Err(unknown(error)),
        };
        let head = kept.and_then(|kept| format::read::<HeadOnly>(&shelf.place(item), &kept.bytes).ok());
        revisions.insert(head.map_or(number, |HeadOnly { head }| head.number));
    }
    Ok(Index { revisions: revisions.into_iter().collect() })
}

#[cfg(test)]
mod tests;
