//! A shelf in memory, for tests, whose writes can fail in every way in which a store's can.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;

use super::shelf::{Item, ItemVersion, Kept, Over, Shelf, ShelfError};
use crate::resource::{Problem, ProblemKind};

#[derive(Default)]
pub(crate) struct MemoryShelf(Mutex<Content>);

#[derive(Default)]
struct Content {
    items: BTreeMap<Item, (Vec<u8>, u64)>,
    writes: u64,
    trouble: Option<(usize, Trouble)>,
}

/// What becomes of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It is refused, and so is every later one: the process is dead.
    Dead,
    /// It is done, and no answer comes.
    DoneUnanswered,
    /// It is not done, and no answer comes.
    LostUnanswered,
}

impl MemoryShelf {
    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap()
    }

    /// The write after the next `n` ones has this trouble.
    pub(crate) fn trouble_after(&self, n: usize, trouble: Trouble) {
        self.content().trouble = Some((n, trouble));
    }

    /// A new process begins.
    pub(crate) fn revive(&self) {
        self.content().trouble = None;
    }

    /// Time has passed, and the lock of a dead process has run out.
    pub(crate) fn let_the_lock_run_out(&self) {
        self.lose(Item::Lock);
    }

    /// Puts these bytes into the place of an item, as damage does.
    pub(crate) fn damage(&self, item: Item, bytes: &[u8]) {
        if let Some((content, _)) = self.content().items.get_mut(&item) {
            *content = bytes.to_vec();
        }
    }

    /// Takes an item away, as somebody does who deletes too much.
    pub(crate) fn lose(&self, item: Item) {
        self.content().items.remove(&item);
    }

    pub(crate) fn items(&self) -> Vec<Item> {
        self.content().items.keys().copied().collect()
    }
}

fn revisions_among(items: Vec<Item>) -> Vec<u64> {
    let numbers = items.into_iter().filter_map(|item| match item {
        Item::Revision(number) => Some(number),
        _ => None,
    });
    numbers.collect()
}

fn problem() -> Problem {
    Problem::new(ProblemKind::Unreachable, "no answer")
}

impl Content {
    /// The trouble of this write.
    fn trouble(&mut self) -> Option<Trouble> {
        let (left, trouble) = self.trouble.as_mut()?;
        if *left > 0 {
            *left -= 1;
            return None;
        }
        let trouble = *trouble;
        if trouble != Trouble::Dead {
            self.trouble = None;
        }
        Some(trouble)
    }

    fn write(
        &mut self,
        item: Item,
        over: Over<'_>,
        change: impl FnOnce(&mut Self) -> ItemVersion,
    ) -> Result<ItemVersion, ShelfError> {
        let trouble = self.trouble();
        if trouble == Some(Trouble::Dead) {
            return Err(ShelfError::Failed(Box::new(problem())));
        }
        if trouble == Some(Trouble::LostUnanswered) {
            return Err(ShelfError::Unanswered(Box::new(problem())));
        }
        let found = self.items.get(&item).map(|(_, version)| ItemVersion(version.to_string()));
        if Over::from(found.as_ref()) != over {
            return Err(ShelfError::Taken);
        }
        let version = change(self);
        if trouble == Some(Trouble::DoneUnanswered) {
            return Err(ShelfError::Unanswered(Box::new(problem())));
        }
        Ok(version)
    }
}

#[async_trait]
impl Shelf for MemoryShelf {
    fn place(&self, item: Item) -> PathBuf {
        PathBuf::from(format!("memory/{item}"))
    }

    async fn get(&self, item: Item) -> Result<Option<Kept>, ShelfError> {
        let content = self.content();
        Ok(content
            .items
            .get(&item)
            .map(|(bytes, version)| Kept { bytes: bytes.clone(), version: ItemVersion(version.to_string()) }))
    }

    async fn places_of_revisions(&self) -> Result<Vec<u64>, ShelfError> {
        Ok(revisions_among(self.items()))
    }

    async fn put(&self, item: Item, bytes: &[u8], over: Over<'_>) -> Result<ItemVersion, ShelfError> {
        self.content().write(item, over, |content| {
            content.writes += 1;
            content.items.insert(item, (bytes.to_vec(), content.writes));
            ItemVersion(content.writes.to_string())
        })
    }

    async fn remove(&self, item: Item, version: &ItemVersion) -> Result<(), ShelfError> {
        let mut content = self.content();
        let removed = content.write(item, Over::Version(version), |content| {
            content.items.remove(&item);
            version.clone()
        });
        removed.map(|_| ())
    }
}
