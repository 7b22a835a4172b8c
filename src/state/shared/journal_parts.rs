//! The journal in parts, for stores that can only write an item as a whole.
//!
//! Each part begins with a line that names its run. Only the last part is written again when lines are added; a part
//! that is long enough is closed, and the next one begins. The parts of a run whose journal was removed may stay: they
//! name another run, and are written over by the next one.

use serde::{Deserialize, Serialize};

use super::shelf::{Item, ItemVersion, Shelf, ShelfError};
use super::sure::put_surely;
use crate::resource::{Permit, from_json};
use crate::state::id::RunId;

/// From this length in bytes on, a part is closed.
const CLOSED_FROM: usize = 256 * 1024;

/// The last part, which has no end: a store with fixed names has a place for so many.
pub const LAST_PART: u32 = 63;

/// The first line of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartHead {
    run: RunId,
    /// Whether the next part follows.
    closed: bool,
}

/// The journal of our own run, at its end.
#[derive(Debug)]
pub(super) struct PartWriter {
    run: RunId,
    part: u32,
    /// The lines of the last part.
    lines: Vec<u8>,
    /// Which content the last part has on the shelf; `None` where it was not written yet.
    version: Option<ItemVersion>,
}

impl PartWriter {
    pub(super) fn new(run: RunId) -> Self {
        Self { run, part: 0, lines: Vec::new(), version: None }
    }

    /// Adds lines, all of them with one write.
    ///
    /// # Errors
    /// The shelf refuses it: what was added is not kept. [`ShelfError::Taken`] where somebody else has written to our
    /// journal, which he does only once he has the lock.
    pub(super) async fn add(
        &mut self,
        shelf: &dyn Shelf,
        lines: &[u8],
        permit: &Permit,
    ) -> Result<(), ShelfError> {
        let before = self.lines.len();
        self.lines.extend_from_slice(lines);
        let closed = self.lines.len() >= CLOSED_FROM && self.part < LAST_PART;
        let version = match self.write(shelf, closed, permit).await {
            Ok(version) => version,
            Err(error) => {
                self.lines.truncate(before);
                return Err(error);
            }
        };
        self.version = Some(version);
        if closed {
            self.part += 1;
            self.lines.clear();
            // What an earlier run has left there is written over.
            self.version = None;
        }
        Ok(())
    }

    async fn write(
        &self,
        shelf: &dyn Shelf,
        closed: bool,
        permit: &Permit,
    ) -> Result<ItemVersion, ShelfError> {
        let head = PartHead { run: self.run.clone(), closed };
        // A run id and a truth value always can be written.
        let mut bytes = serde_json::to_vec(&head).unwrap_or_default();
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.lines);
        let item = Item::Journal(self.part);
        let version = match &self.version {
            // The first part says whether there is a journal: there must be none.
            None if self.part > 0 => shelf.version(item).await?,
            version => version.clone(),
        };
        put_surely(shelf, item, &bytes, version.as_ref(), permit).await
    }
}

/// The lines of the journal; `None` where there is none.
pub(super) async fn read(shelf: &dyn Shelf) -> Result<Option<Vec<u8>>, ShelfError> {
    let mut lines: Option<Vec<u8>> = None;
    let mut run: Option<RunId> = None;
    for part in 0..=LAST_PART {
        let Some(kept) = shelf.get(Item::Journal(part)).await? else { break };
        let Some((head, text)) = split(&kept.bytes) else {
            // Its lines say where it is damaged.
            lines.get_or_insert_default().extend_from_slice(&kept.bytes);
            break;
        };
        if run.get_or_insert_with(|| head.run.clone()) != &head.run {
            break;
        }
        lines.get_or_insert_default().extend_from_slice(text);
        if !head.closed {
            break;
        }
    }
    Ok(lines)
}

fn split(bytes: &[u8]) -> Option<(PartHead, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (head, rest) = bytes.split_at(end);
    Some((from_json(head).ok()?, &rest[1..]))
}
