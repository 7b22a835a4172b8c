//! The backend that keeps a state on a shelf.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::index::Index;
use super::index_reader::IndexReader;
use super::journal_parts::{self, PartWriter};
use super::lease::{self, Lease};
use super::lock_record::LeaseTimes;
use super::remark::{Remark, Telling};
use super::shelf::{Item, ItemVersion, Kept, Shelf, ShelfError};
use super::sure::{put_surely, remove_surely};
use crate::resource::{Key, Permit, Problem, ProblemKind};
use crate::state::backend::{Backend, LockSign, Locked};
use crate::state::error::StateError;
use crate::state::format;
use crate::state::holder::Holder;
use crate::state::id::LockId;
use crate::state::journal::{Journal, JournalLine};
use crate::state::journal_text::{self, Chain};
use crate::state::model::State;
use crate::state::revision::{DEFAULT_RETENTION, Revision};
use crate::state::seal::Seal;
use crate::state::sealed_values::SealedValues;
use crate::state::version::StateVersion;

/// Who makes the key of plan files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyMaking {
    /// The first plan that is kept in a file, if it may.
    ByNeed,
    /// `regplan state init`, and nobody else: a plan has no right to.
    ByInit,
}

/// The state on a shelf that several machines share.
pub struct SharedBackend {
    shelf: Arc<dyn Shelf>,
    times: LeaseTimes,
    key_making: KeyMaking,
    retention: usize,
    seal: Option<Seal>,
    telling: Box<Telling>,
    lease: Option<Lease>,
    journal: Option<Writer>,
    /// The state as it was read or written last.
    known: Mutex<Option<KnownState>>,
    index: IndexReader,
}

/// The journal of our own run.
struct Writer {
    parts: PartWriter,
    chain: Chain,
    /// Whether a write failed in such a way that the content on the shelf is unknown.
    lost: bool,
}

struct KnownState {
    state: StateVersion,
    item: ItemVersion,
    /// The last revision that it names; 0 where none was completed.
    revision: u64,
}

impl SharedBackend {
    /// A backend for the state on this shelf. Nothing is read or written yet.
    pub fn new(shelf: Arc<dyn Shelf>, times: LeaseTimes, key_making: KeyMaking) -> Self {
        Self {
            shelf,
            times,
            key_making,
            retention: DEFAULT_RETENTION,
            seal: None,
            telling: Box::new(|_| ()),
            lease: None,
            journal: None,
            known: Mutex::new(None),
            index: IndexReader::default(),
        }
    }

    /// Sets how many revisions are kept; at least one is.
    #[must_use]
    pub fn with_retention(mut self, revisions: usize) -> Self {
        self.retention = revisions.max(1);
        self
    }

    /// Keeps the secret values of revisions, sealed so; without a seal none are kept.
    #[must_use]
    pub fn with_seal(mut self, seal: Option<Seal>) -> Self {
        self.seal = seal;
        self
    }

    /// Tells what the user should know while this works.
    #[must_use]
    pub fn with_telling(mut self, telling: Box<Telling>) -> Self {
        self.telling = telling;
        self
    }

    /// Where the key of plan files is, or will be.
    pub fn key_place(&self) -> PathBuf {
        self.path(Item::Key)
    }

    fn path(&self, item: Item) -> PathBuf {
        self.shelf.place(item)
    }

    /// Every method that writes asks first whether the lock is ours.
    fn held(&self) -> Result<(), StateError> {
        let not_ours = |reason| StateError::NotLocked { path: self.path(Item::Lock), reason };
        let lease = self.lease.as_ref().ok_or_else(|| not_ours("it was not taken"))?;
        lease.tenure.confirm().map_err(not_ours)
    }

    async fn get(&self, item: Item) -> Result<Option<Kept>, StateError> {
        self.shelf.get(item).await.map_err(StateError::shelf(&self.path(item), "read"))
    }

    /// Writes an item over whatever is there, which only the holder of the lock has written.
    async fn overwrite(&self, item: Item, bytes: &[u8]) -> Result<ItemVersion, StateError> {
        let shelf = self.shelf.as_ref();
        let over = shelf.version(item).await.map_err(StateError::shelf(&self.path(item), "read"))?;
        self.held()?;
        let written = put_surely(shelf, item, bytes, over.as_ref(), &self.permit()).await;
        written.map_err(|error| self.not_written(item, error))
    }

    fn not_written(&self, item: Item, error: ShelfError) -> StateError {
        StateError::shelf(&self.path(item), "write")(error)
    }

    fn key_not_made(&self, error: ShelfError) -> StateError {
        match error {
            ShelfError::Failed(problem) if problem.kind == ProblemKind::Forbidden => {
                StateError::NoKey { path: self.path(Item::Key), refused: Some(problem) }
            }
            error => self.not_written(Item::Key, error),
        }
    }

    fn known(&self) -> MutexGuard<'_, Option<KnownState>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read_state(&self) -> Result<Option<State>, StateError> {
        let Some(kept) = self.get(Item::State).await? else {
            *self.known() = None;
            return Ok(None);
        };
        let state: State = format::read(&self.path(Item::State), &kept.bytes)?;
        *self.known() = Some(KnownState::new(&state, kept.version));
        Ok(Some(state))
    }

    async fn moved(&self, expected: Option<&StateVersion>) -> StateError {
        let found = match self.read_state().await {
            Ok(found) => found.map(|state| state.version()),
            Err(error) => return error,
        };
        let path = self.path(Item::State);
        if found.as_ref() == expected {
            let said = "somebody else seemed to be writing it, and what is there is still what was expected";
            let problem = Problem::new(ProblemKind::Other, said)
                .help("run the same command again; if that does not help, find out who else writes there");
            return StateError::shelf(&path, "write")(ShelfError::Failed(Box::new(problem)));
        }
        StateError::Moved { path, expected: expected.cloned(), found }
    }

    async fn index(&self) -> Result<Index, StateError> {
        let last_revision = self.known().as_ref().map_or(0, |known| known.revision);
        self.index.index(self.shelf.as_ref(), &*self.telling, last_revision).await
    }

    async fn no_revision(&self, number: u64) -> StateError {
        match self.index().await {
            Ok(index) => {
                let path = self.path(Item::Index);
                StateError::NoRevision { path, number, kept_numbers: index.revisions }
            }
            Err(error) => error,
        }
    }

    fn key_of(&self, kept: Option<Kept>) -> Result<Option<Key>, StateError> {
        let Some(kept) = kept else { return Ok(None) };
        let key = std::str::from_utf8(&kept.bytes).ok().and_then(|text| Key::from_hex(text.trim_end()));
        let damaged =
            || StateError::Damaged { path: self.path(Item::Key), reason: "it holds no key".to_owned() };
        key.map(Some).ok_or_else(damaged)
    }
}

impl KnownState {
    fn new(state: &State, item: ItemVersion) -> Self {
        Self { state: state.version(), item, revision: state.revision }
    }
}

impl Writer {
    fn new(begin: &JournalLine) -> Option<Self> {
        let JournalLine::Begin(begin) = begin else { return None };
        Some(Self { parts: PartWriter::new(begin.run.clone()), chain: Chain::default(), lost: false })
    }

    async fn append(
        &mut self,
        shelf: &dyn Shelf,
        records: &[JournalLine],
        permit: &Permit,
    ) -> Result<(), StateError> {
        let path = shelf.place(Item::Journal(0));
        if self.lost {
            return Err(StateError::JournalLost { path });
        }
        let lines = self.chain.lines(records);
        let (lines, chain) = lines.map_err(|error| StateError::io(&path, "write to")(error.into()))?;
        if let Err(error) = self.parts.add(shelf, &lines, permit).await {
            self.lost = !matches!(error, ShelfError::Failed(_));
            return Err(StateError::shelf(&path, "write to")(error));
        }
        self.chain = chain;
        Ok(())
    }
}

#[async_trait]
impl Backend for SharedBackend {
    fn place(&self) -> PathBuf {
        self.path(Item::State)
    }

    fn journal_place(&self) -> PathBuf {
        self.path(Item::Journal(0))
    }

    async fn lock(&mut self, command: &str) -> Result<Locked, StateError> {
        let waiting = |holder: &Holder, left| (self.telling)(&Remark::Waiting { holder, left });
        let (lease, locked) = lease::take(&self.shelf, command, self.times, &waiting).await?;
        self.lease = Some(lease);
        // Others may have written revisions until now.
        self.index.forget();
        Ok(locked)
    }

    async fn look_at_lock(&self) -> Result<LockSign, StateError> {
        lease::sign(self.shelf.as_ref()).await
    }

    fn permit(&self) -> Permit {
        self.lease.as_ref().map_or_else(Permit::always, |lease| lease.tenure.permit())
    }

    async fn confirm_lock(&self) -> Result<(), StateError> {
        self.held()
    }

    async fn release(&mut self) -> Result<(), StateError> {
        self.journal = None;
        match self.lease.take() {
            Some(lease) => lease.release().await,
            None => Ok(()),
        }
    }

    async fn unlock(&mut self, id: &LockId) -> Result<Holder, StateError> {
        lease::unlock(self.shelf.as_ref(), id).await
    }

    async fn load(&self) -> Result<Option<State>, StateError> {
        self.read_state().await
    }

    async fn replace(&mut self, state: &State, expected: Option<&StateVersion>) -> Result<(), StateError> {
        self.held()?;
        let (known, over) = match self.known().as_ref() {
            Some(known) => (Some(known.state.clone()), Some(known.item.clone())),
            None => (None, None),
        };
        if known.as_ref() != expected {
            return Err(self.moved(expected).await);
        }
        let bytes = format::write(&self.path(Item::State), state)?;
        let shelf = self.shelf.as_ref();
        match put_surely(shelf, Item::State, &bytes, over.as_ref(), &self.permit()).await {
            Ok(item) => {
                *self.known() = Some(KnownState::new(state, item));
                Ok(())
            }
            Err(ShelfError::Taken) => Err(self.moved(expected).await),
            Err(error) => Err(self.not_written(Item::State, error)),
        }
    }

    async fn journal(&self) -> Result<Option<Journal>, StateError> {
        let path = self.journal_place();
        let lines = journal_parts::read(self.shelf.as_ref()).await;
        let lines = lines.map_err(StateError::shelf(&path, "read"))?;
        lines.map_or(Ok(None), |lines| journal_text::parse(&path, &lines))
    }

    async fn append(&mut self, records: &[JournalLine]) -> Result<(), StateError> {
        self.held()?;
        if let Some(writer) = records.first().and_then(Writer::new) {
            self.journal = Some(writer);
        }
        let permit = self.permit();
        let writer = self.journal.as_mut().ok_or(StateError::OutOfOrder("no run has begun"))?;
        writer.append(self.shelf.as_ref(), records, &permit).await
    }

    async fn clear_journal(&mut self) -> Result<(), StateError> {
        self.held()?;
        self.journal = None;
        let item = Item::Journal(0);
        let failed = || StateError::shelf(&self.path(item), "remove");
        let Some(version) = self.shelf.version(item).await.map_err(failed())? else { return Ok(()) };
        self.held()?;
        remove_surely(self.shelf.as_ref(), item, &version, &self.permit()).await.map_err(failed())
    }

    async fn key(&self) -> Result<Option<Key>, StateError> {
        let kept = self.get(Item::Key).await?;
        self.key_of(kept)
    }

    async fn make_key(&self) -> Result<Key, StateError> {
        if let Some(key) = self.key().await? {
            return Ok(key);
        }
        if self.key_making == KeyMaking::ByInit {
            return Err(StateError::NoKey { path: self.path(Item::Key), refused: None });
        }
        let key = Key::random();
        match self.shelf.put(Item::Key, format!("{}\n", key.to_hex()).as_bytes(), None.into()).await {
            Ok(_) => Ok(key),
            // Another process was faster, or no answer came: what is there counts.
            Err(error) => match self.key().await? {
                Some(key) => Ok(key),
                None => Err(self.key_not_made(error)),
            },
        }
    }

    async fn revisions(&self) -> Result<Vec<u64>, StateError> {
        Ok(self.index().await?.revisions)
    }

    async fn revision(&self, number: u64) -> Result<Revision, StateError> {
        let Some(kept) = self.get(Item::Revision(number)).await? else {
            return Err(self.no_revision(number).await);
        };
        let revision: Revision = format::read(&self.path(Item::Revision(number)), &kept.bytes)?;
        // Where a shelf has fixed names, a later revision may stand in the place of this one.
        if revision.head.number == number { Ok(revision) } else { Err(self.no_revision(number).await) }
    }

    async fn save_revision(&mut self, revision: &Revision) -> Result<(), StateError> {
        self.held()?;
        let number = revision.head.number;
        let bytes = format::write(&self.path(Item::Revision(number)), revision)?;
        // An index that is missing is made anew from the revisions of before: this one is no sign that it was lost.
        let mut index = self.index().await?;
        self.overwrite(Item::Revision(number), &bytes).await?;
        index.revisions.retain(|known| *known != number);
        index.revisions.push(number);
        index.revisions.sort_unstable();
        let removed: Vec<u64> =
            index.revisions.drain(..index.revisions.len().saturating_sub(self.retention)).collect();
        let bytes = format::write(&self.path(Item::Index), &index)?;
        self.overwrite(Item::Index, &bytes).await?;
        self.index.forget();
        for number in removed {
            self.forget(Item::Revision(number), Item::Revision(revision.head.number)).await;
            self.forget(Item::Values(number), Item::Values(revision.head.number)).await;
        }
        Ok(())
    }

    fn seal(&self) -> Option<&Seal> {
        self.seal.as_ref()
    }

    async fn values(&self, number: u64) -> Result<Option<SealedValues>, StateError> {
        let Some(kept) = self.get(Item::Values(number)).await? else { return Ok(None) };
        let values: SealedValues = format::read(&self.path(Item::Values(number)), &kept.bytes)?;
        // Where a shelf has fixed names, those of a later revision may stand in the place of these.
        Ok(Some(values).filter(|values| values.revision == number))
    }

    async fn save_values(&mut self, values: &SealedValues) -> Result<(), StateError> {
        self.held()?;
        let item = Item::Values(values.revision);
        let bytes = format::write(&self.path(item), values)?;
        self.overwrite(item, &bytes).await.map(|_| ())
    }

    async fn save_key(&mut self, key: &Key) -> Result<(), StateError> {
        self.held()?;
        self.overwrite(Item::Key, format!("{}\n", key.to_hex()).as_bytes()).await.map(|_| ())
    }

    async fn overwrite_state(&mut self, file: &[u8]) -> Result<(), StateError> {
        self.held()?;
        self.overwrite(Item::State, file).await?;
        *self.known() = None;
        Ok(())
    }
}

impl SharedBackend {
    /// Removes what belongs to a revision that the index does not name any more, unless the newest one's has taken its
    /// place. One too many does no harm.
    async fn forget(&self, item: Item, newest: Item) {
        if self.path(item) == self.path(newest) {
            return;
        }
        if let Ok(Some(version)) = self.shelf.version(item).await {
            let _ = self.shelf.remove(item, &version).await;
        }
    }
}
