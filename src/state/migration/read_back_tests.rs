//! Moves to a place that keeps something else than what was written there.

use std::sync::Arc;

use async_trait::async_trait;

use super::tests::{PROJECT, in_folder, lived_in, on_shelf};
use super::*;
use crate::state::shared::memory::MemoryShelf;
use crate::state::{
    Holder, Journal, JournalLine, LockId, LockSign, Locked, Seal, SecretValues, StateVersion,
};

/// What does not come back as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lost {
    State,
    Revision,
    Values,
    Key,
}

/// A place that gives back something else, once it was written to.
struct Losing {
    place: Box<dyn Backend>,
    lost: Lost,
    is_written: bool,
}

impl Losing {
    fn loses(&self, what: Lost) -> bool {
        self.is_written && self.lost == what
    }
}

#[async_trait]
impl Backend for Losing {
    fn place(&self) -> PathBuf {
        self.place.place()
    }

    fn journal_place(&self) -> PathBuf {
        self.place.journal_place()
    }

    async fn lock(&mut self, command: &str) -> Result<Locked, StateError> {
        self.place.lock(command).await
    }

    async fn look_at_lock(&self) -> Result<LockSign, StateError> {
        self.place.look_at_lock().await
    }

    async fn confirm_lock(&self) -> Result<(), StateError> {
        self.place.confirm_lock().await
    }

    async fn release(&mut self) -> Result<(), StateError> {
        self.place.release().await
    }

    async fn unlock(&mut self, id: &LockId) -> Result<Holder, StateError> {
        self.place.unlock(id).await
    }

    async fn load(&self) -> Result<Option<State>, StateError> {
        let state = self.place.load().await?;
        let is_lost = self.loses(Lost::State);
        Ok(state.map(|state| if is_lost { State { serial: state.serial + 1, ..state } } else { state }))
    }

    async fn replace(&mut self, state: &State, expected: Option<&StateVersion>) -> Result<(), StateError> {
        self.place.replace(state, expected).await
    }

    async fn journal(&self) -> Result<Option<Journal>, StateError> {
        self.place.journal().await
    }

    async fn append(&mut self, records: &[JournalLine]) -> Result<(), StateError> {
        self.place.append(records).await
    }

    async fn clear_journal(&mut self) -> Result<(), StateError> {
        self.place.clear_journal().await
    }

    async fn key(&self) -> Result<Option<Key>, StateError> {
        if self.loses(Lost::Key) { Ok(Some(Key::random())) } else { self.place.key().await }
    }

    async fn make_key(&self) -> Result<Key, StateError> {
        self.place.make_key().await
    }

    async fn revisions(&self) -> Result<Vec<u64>, StateError> {
        self.place.revisions().await
    }

    async fn revision(&self, number: u64) -> Result<Revision, StateError> {
        let mut revision = self.place.revision(number).await?;
        if self.loses(Lost::Revision) && number == 2 {
            revision.head.by.push_str("else");
        }
        Ok(revision)
    }

    async fn save_revision(&mut self, revision: &Revision) -> Result<(), StateError> {
        self.is_written = true;
        self.place.save_revision(revision).await
    }

    fn seal(&self) -> Option<&Seal> {
        self.place.seal()
    }

    async fn values(&self, number: u64) -> Result<Option<SealedValues>, StateError> {
        let values = self.place.values(number).await?;
        if !self.loses(Lost::Values) || number != 2 {
            return Ok(values);
        }
        let sealed = |values: SealedValues| {
            SealedValues::new(number, values.run, &SecretValues::default(), &Seal::ByPlace).unwrap()
        };
        Ok(values.map(sealed))
    }

    async fn save_values(&mut self, values: &SealedValues) -> Result<(), StateError> {
        self.is_written = true;
        self.place.save_values(values).await
    }

    async fn save_key(&mut self, key: &Key) -> Result<(), StateError> {
        self.place.save_key(key).await
    }

    async fn overwrite_state(&mut self, file: &[u8]) -> Result<(), StateError> {
        self.place.overwrite_state(file).await
    }
}

/// Whichever of the two places is the new one.
#[tokio::test]
async fn what_is_not_read_back_as_it_was_written_retires_nothing() {
    for lost in [Lost::State, Lost::Revision, Lost::Values, Lost::Key] {
        for to_folder in [true, false] {
            let (folder, shelf) = (tempfile::tempdir().unwrap(), Arc::new(MemoryShelf::default()));
            let at = |is_folder: bool| -> Box<dyn Backend> {
                if is_folder {
                    Box::new(in_folder(&folder).with_seal(Some(Seal::ByPlace)))
                } else {
                    Box::new(on_shelf(&shelf))
                }
            };
            let (state, _) = lived_in(at(!to_folder)).await;
            let losing = Losing { place: at(to_folder), lost, is_written: false };
            let error = migrate(at(!to_folder), Box::new(losing), PROJECT, None).await.unwrap_err();
            let StateError::NotMoved { path, .. } = &error else { panic!("{lost:?}: {error}") };
            assert_eq!(path, &at(to_folder).place());
            assert!(error.help().contains("stays where it was"), "{}", error.help());
            assert_eq!(at(!to_folder).load().await.unwrap(), Some(state), "{lost:?}");
            shelf.let_the_lock_run_out();
            migrate(at(!to_folder), at(to_folder), PROJECT, None).await.unwrap();
        }
    }
}
