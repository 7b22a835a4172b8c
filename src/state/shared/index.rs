//! Which revisions a shared state has.
//!
//! The index holds nothing that the revisions do not tell by themselves. So one that is damaged or missing hides none of
//! them: it is made anew.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
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

/// Why there is no index to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexFault {
    /// There is none. So it is before the first revision as well.
    Missing,
    /// It is not what was written, for this reason.
    Damaged(String),
}

impl fmt::Display for IndexFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is missing"),
            Self::Damaged(reason) => write!(f, "is damaged: {reason}"),
        }
    }
}

/// How many revisions are read at the same time.
const AT_ONCE: usize = 8;

/// The index of a shelf; or what is wrong with it.
///
/// # Errors
/// It cannot be read, or has a newer format.
pub(super) async fn read(shelf: &dyn Shelf) -> Result<Result<Index, IndexFault>, StateError> {
    let path = shelf.place(Item::Index);
    match shelf.get(Item::Index).await {
        Ok(None) => Ok(Err(IndexFault::Missing)),
        Ok(Some(kept)) => Ok(from_bytes(&path, &kept.bytes)?.map_err(IndexFault::Damaged)),
        Err(ShelfError::Damaged(reason)) => Ok(Err(IndexFault::Damaged(reason))),
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

/// The index as the revisions tell it. A revision that is damaged is named by its place.
///
/// # Errors
/// It cannot be found out which revisions there are.
pub(super) async fn anew(shelf: &dyn Shelf) -> Result<Index, ShelfError> {
    let looks = shelf.places_of_revisions().await?.into_iter().map(|number| number_at(shelf, number));
    let found = stream::iter(looks).buffer_unordered(AT_ONCE);
    let found: BTreeSet<u64> = found.try_filter_map(async |number| Ok(number)).try_collect().await?;
    Ok(Index { revisions: found.into_iter().collect() })
}

/// The number of the revision at the place of this one, if there is any.
async fn number_at(shelf: &dyn Shelf, number: u64) -> Result<Option<u64>, ShelfError> {
    let item = Item::Revision(number);
    let kept = match shelf.get(item).await {
        Ok(None) => return Ok(None),
        Ok(Some(kept)) => Some(kept),
        Err(ShelfError::Damaged(_)) => None,
        Err(error) => return Err(error),
    };
    let head = kept.and_then(|kept| format::read::<HeadOnly>(&shelf.place(item), &kept.bytes).ok());
    Ok(Some(head.map_or(number, |HeadOnly { head }| head.number)))
}

#[cfg(test)]
mod tests;
