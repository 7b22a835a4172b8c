//! Writes of which no answer came, and writes that a store repeated by itself: what is there tells what became of them. One
//! that certainly was not done is sent again. If it arrives late after all, it finds another version than it expects.

use std::time::Duration;

use super::shelf::{Item, ItemVersion, Shelf, ShelfError};
use crate::resource::Permit;

/// How often a write is sent whose connection breaks off.
pub(super) const TRIES: usize = 3;
/// How long to wait before each of the others.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// Writes an item, and looks for it where no answer came. While the permit allows it, it is sent again.
///
/// # Errors
/// [`ShelfError::Taken`] where something else is there.
pub(super) async fn put_surely(
    shelf: &dyn Shelf,
    item: Item,
    bytes: &[u8],
    over: Option<&ItemVersion>,
    permit: &Permit,
) -> Result<ItemVersion, ShelfError> {
    let mut tries = TRIES;
    loop {
        let failure = match shelf.put(item, bytes, over.into()).await {
            Err(failure @ (ShelfError::Taken | ShelfError::Unanswered(_))) => failure,
            result => return result,
        };
        let found = shelf.get(item).await?;
        if let Some(kept) = found.as_ref().filter(|kept| kept.bytes == bytes) {
            return Ok(kept.version.clone());
        }
        tries -= 1;
        let is_as_before = found.map(|kept| kept.version).as_ref() == over;
        if !is_unanswered(&failure) || !is_as_before || tries == 0 || !may_go_on(permit).await {
            return Err(failure);
        }
    }
}

/// Removes an item, and looks for it where no answer came. While the permit allows it, that is done again.
///
/// # Errors
/// [`ShelfError::Taken`] where it has another content.
pub(super) async fn remove_surely(
    shelf: &dyn Shelf,
    item: Item,
    version: &ItemVersion,
    permit: &Permit,
) -> Result<(), ShelfError> {
    let mut tries = TRIES;
    loop {
        let failure = match shelf.remove(item, version).await {
            Err(failure @ ShelfError::Unanswered(_)) => failure,
            result => return result,
        };
        let Some(found) = shelf.version(item).await? else { return Ok(()) };
        tries -= 1;
        if found != *version || tries == 0 || !may_go_on(permit).await {
            return Err(failure);
        }
    }
}

fn is_unanswered(failure: &ShelfError) -> bool {
    matches!(failure, ShelfError::Unanswered(_))
}

/// Waits a moment; whether the next write may be sent then.
async fn may_go_on(permit: &Permit) -> bool {
    tokio::time::sleep(PAUSE).await;
    permit.ask().is_ok()
}
