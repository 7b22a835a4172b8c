//! Writes of which no answer came, and writes that a store repeated by itself: what is there tells what became of them.

use super::shelf::{Item, ItemVersion, Shelf, ShelfError};

/// Writes an item, and looks for it where no answer came.
///
/// # Errors
/// [`ShelfError::Taken`] where something else is there.
pub(super) async fn put_surely(
    shelf: &dyn Shelf,
    item: Item,
    bytes: &[u8],
    over: Option<&ItemVersion>,
) -> Result<ItemVersion, ShelfError> {
    let failure = match shelf.put(item, bytes, over.into()).await {
        Err(failure @ (ShelfError::Taken | ShelfError::Unanswered(_))) => failure,
        result => return result,
    };
    match shelf.get(item).await? {
        Some(kept) if kept.bytes == bytes => Ok(kept.version),
        _ => Err(failure),
    }
}

/// Removes an item, and looks for it where no answer came.
///
/// # Errors
/// [`ShelfError::Taken`] where it has another content.
pub(super) async fn remove_surely(
    shelf: &dyn Shelf,
    item: Item,
    version: &ItemVersion,
) -> Result<(), ShelfError> {
    let failure = match shelf.remove(item, version).await {
        Err(failure @ ShelfError::Unanswered(_)) => failure,
        result => return result,
    };
    match shelf.version(item).await? {
        None => Ok(()),
        Some(_) => Err(failure),
    }
}
