//! Does the store look at the condition of a write? One that does not would let two processes hold the lock at once.

use super::bucket::Mark;
use super::{ObjectShelf, words};
use crate::state::shared::shelf::{ItemVersion, Over, ShelfError};

/// The object that is written to find out. It stays, so that the next probe needs one write less.
const NAME: &str = "probe";
const CONTENT: &[u8] =
    b"regplan has found out with this object that the store looks at the condition of a write\n";

/// A tag and a generation that no object has.
const NEVER: [&str; 2] = ["\"00000000000000000000000000000000\"", "1"];

/// Makes sure that the store refuses a write whose condition is not met.
///
/// # Errors
/// It does not, or it cannot be written to.
pub(super) async fn probe(shelf: &ObjectShelf) -> Result<(), ShelfError> {
    // The first one makes it where it is missing; then it is there in any case.
    if write(shelf, Over::Nothing).await? && write(shelf, Over::Nothing).await? {
        return Err(words::ignores_conditions(&shelf.bucket, shelf.bucket.language.absence()));
    }
    let [tag, generation] = NEVER.map(str::to_owned);
    let never = ItemVersion(match shelf.bucket.language.mark() {
        Mark::ETag => tag,
        Mark::Generation => generation,
    });
    if write(shelf, Over::Version(&never)).await? {
        return Err(words::ignores_conditions(&shelf.bucket, shelf.bucket.language.presence()));
    }
    Ok(())
}

/// Writes the probe's object. Returns whether the store did it.
async fn write(shelf: &ObjectShelf, over: Over<'_>) -> Result<bool, ShelfError> {
    match shelf.put_object(&shelf.path(NAME), CONTENT, over).await {
        Ok(_) => Ok(true),
        Err(ShelfError::Taken) => Ok(false),
        Err(error) => Err(error),
    }
}
