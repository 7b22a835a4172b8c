//! What a store must be able to do that several machines share.

use std::fmt;
use std::path::PathBuf;

use async_trait::async_trait;

use crate::resource::Problem;

/// One thing that is kept on a shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Item {
    /// The state.
    State,
    /// Who writes; see [`LockRecord`](super::LockRecord).
    Lock,
    /// The key that seals the digests of secrets in plan files.
    Key,
    /// A part of the journal, from 0.
    Journal(u32),
    /// The numbers of the revisions.
    Index,
    /// The revision of this number.
    Revision(u64),
    /// The secret values of the revision of this number.
    Values(u64),
}

impl Item {
    /// Whether only those may read it who may read secrets.
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Key | Self::Values(_))
    }
}

/// The name of an item in messages and in stores that have names: `state`, `journal-3`, `revision-12`.
impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State => f.write_str("state"),
            Self::Lock => f.write_str("lock"),
            Self::Key => f.write_str("key"),
            Self::Journal(part) => write!(f, "journal-{part}"),
            Self::Index => f.write_str("index"),
            Self::Revision(number) => write!(f, "revision-{number}"),
            Self::Values(number) => write!(f, "values-{number}"),
        }
    }
}

/// Which content of an item this is. Another content has another one; so may the same bytes that were written again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemVersion(pub String);

/// An item as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Which content that is.
    pub version: ItemVersion,
}

/// What a write expects to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over<'v> {
    /// There is no such item.
    Nothing,
    /// The item has this content.
    Version(&'v ItemVersion),
}

impl<'v> From<Option<&'v ItemVersion>> for Over<'v> {
    fn from(version: Option<&'v ItemVersion>) -> Self {
        version.map_or(Self::Nothing, Self::Version)
    }
}

/// Why a shelf did not do what it was asked to.
#[derive(Debug, Clone)]
pub enum ShelfError {
    /// The item is not what the write expected. Nothing was written.
    Taken,
    /// It was not done, for this reason.
    Failed(Box<Problem>),
    /// It was read, and is not what was written, for this reason.
    Damaged(String),
    /// No answer came. A write may have been done.
    Unanswered(Box<Problem>),
}

/// A store that several machines share. Each write names what it expects to find, and is done as a whole, or not at
/// all; whoever reads afterwards sees it. That is all that a lock, a journal and a state need of it.
#[async_trait]
pub trait Shelf: Send + Sync {
    /// The item's name in messages.
    fn place(&self, item: Item) -> PathBuf;

    /// The item; `None` where there is none.
    ///
    /// # Errors
    /// The store cannot be asked, or does not allow it. What cannot be read is never taken for absent.
    async fn get(&self, item: Item) -> Result<Option<Kept>, ShelfError>;

    /// Which content the item has now; `None` where there is none.
    ///
    /// # Errors
    /// Those of [`get`](Self::get).
    async fn version(&self, item: Item) -> Result<Option<ItemVersion>, ShelfError> {
        Ok(self.get(item).await?.map(|kept| kept.version))
    }

    /// The numbers of all places where a revision may be, found out without the index. Where a shelf has fixed places, the
    /// revision there may be another one.
    ///
    /// # Errors
    /// The store cannot be asked, or does not allow it.
    async fn places_of_revisions(&self) -> Result<Vec<u64>, ShelfError>;

    /// Writes the item, if what is there now is what is expected.
    ///
    /// # Errors
    /// [`ShelfError::Taken`] where something else is there.
    async fn put(&self, item: Item, bytes: &[u8], over: Over<'_>) -> Result<ItemVersion, ShelfError>;

    /// Removes the item, if it has this content. An item that is gone already is no error.
    ///
    /// # Errors
    /// [`ShelfError::Taken`] where it has another content.
    async fn remove(&self, item: Item, version: &ItemVersion) -> Result<(), ShelfError>;
}
