//! The backend that keeps a state in a folder on this machine.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::task::spawn_blocking;

use super::backend::{Backend, LockSign, Locked};
use super::error::StateError;
use super::files;
use super::format::{self, Content};
use super::holder::Holder;
use super::id::LockId;
use super::journal::{Journal, JournalLine};
use super::journal_text::{self, Chain};
use super::location::Location;
use super::lock::{self, Lock};
use super::model::State;
use super::revision::{DEFAULT_RETENTION, HeadOnly, Revision, RevisionHead};
use super::seal::Seal;
use super::sealed_values::SealedValues;
use super::version::StateVersion;
use crate::config::is_absent;
use crate::resource::Key;

/// The state in a folder on this machine.
///
/// Its writes block the calling thread for the milliseconds of an fsync, on purpose: there is no point at
/// which a dropped future leaves a write half done or unrecorded. Only the fsync of the journal goes on beside, because an
/// apply has many: what it syncs is written by then.
#[derive(Debug)]
pub struct LocalBackend {
    location: Location,
    retention: usize,
    seal: Option<Seal>,
    lock: Option<Lock>,
    journal: Option<Writer>,
}

/// The journal of our own run, open at its end.
#[derive(Debug)]
struct Writer {
    file: Arc<File>,
    chain: Chain,
    /// The length in bytes of what was written whole.
    length: u64,
    /// Whether a write failed in such a way that the content on disk is unknown.
    lost: bool,
}

impl LocalBackend {
    /// A backend for the state at this place. Nothing is made there before the lock is taken.
    pub fn new(location: Location) -> Self {
        Self { location, retention: DEFAULT_RETENTION, seal: None, lock: None, journal: None }
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

    /// The files of this state.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The lock, if this process holds it. Every method that writes asks for it first.
    fn held(&self) -> Result<&Lock, StateError> {
        let path = self.location.lock();
        let lock = self.lock.as_ref().ok_or(StateError::NotLocked { path, reason: "it was not taken" })?;
        lock.confirm()?;
        Ok(lock)
    }

    /// The state, or what of it is asked for.
    fn read_state<T: Content>(&self) -> Result<Option<T>, StateError> {
        let path = self.location.state();
        files::read(&path)?.map(|bytes| format::read(&path, &bytes)).transpose()
    }

    fn start_journal(&self) -> Result<Writer, StateError> {
        let path = self.location.journal();
        let failed = || StateError::io(&path, "make");
        files::step("make journal").map_err(failed())?;
        let file = files::open_private(&path, OpenOptions::new().append(true).create_new(true));
        let file = file.map_err(failed())?;
        files::sync_folder(self.location.folder())?;
        Ok(Writer { file: Arc::new(file), chain: Chain::default(), length: 0, lost: false })
    }

    fn read_revision<T: Content>(&self, number: u64) -> Result<T, StateError> {
        let path = self.location.revision(number);
        match files::read(&path)? {
            Some(bytes) => format::read(&path, &bytes),
            None => Err(StateError::NoRevision {
                path: self.location.revisions(),
                number,
                kept_numbers: self.numbers()?,
            }),
        }
    }

    fn numbers(&self) -> Result<Vec<u64>, StateError> {
        let folder = self.location.revisions();
        if is_absent(&folder) {
            return Ok(Vec::new());
        }
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&folder).map_err(StateError::io(&folder, "read"))? {
            let name = entry.map_err(StateError::io(&folder, "read"))?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".json")?.parse().ok());
            // Only the exact name counts that we write for this number: `7.json` is not ours.
            numbers.extend(number.filter(|n| self.location.revision(*n).file_name() == Some(&name)));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

impl Writer {
    async fn append(&mut self, path: &Path, records: &[JournalLine]) -> Result<(), StateError> {
        if self.lost {
            return Err(StateError::JournalLost { path: path.to_owned() });
        }
        let failed = || StateError::io(path, "write to");
        let (lines, chain) = self.chain.lines(records).map_err(|error| failed()(error.into()))?;
        if let Err(error) = files::step("append").and_then(|()| (&*self.file).write_all(&lines)) {
            // On a full disk, for example, a part of a line may be there. No line after it could be read.
            self.lost = files::step("cut").and_then(|()| self.file.set_len(self.length)).is_err();
            return Err(failed()(error));
        }
        self.chain = chain;
        self.length += lines.len() as u64;
        if records.iter().any(JournalLine::is_urgent)
            && let Err(error) = self.sync().await
        {
            // After a failed sync the kernel may drop what was not written: no later write is certain.
            self.lost = true;
            return Err(failed()(error));
        }
        Ok(())
    }

    async fn sync(&self) -> io::Result<()> {
        files::step("sync journal")?;
        let file = Arc::clone(&self.file);
        spawn_blocking(move || file.sync_data()).await.map_err(io::Error::other)?
    }
}

#[async_trait]
impl Backend for LocalBackend {
    fn place(&self) -> PathBuf {
        self.location.state()
    }

    fn journal_place(&self) -> PathBuf {
        self.location.journal()
    }

    async fn lock(&mut self, command: &str) -> Result<Locked, StateError> {
        self.location.make()?;
        let lock = Lock::take(&self.location.lock(), command)?;
        files::remove_unfinished(self.location.folder())?;
        files::remove_unfinished(&self.location.revisions())?;
        let locked = Locked { holder: lock.holder().clone(), left_by: lock.left_by.clone() };
        self.lock = Some(lock);
        Ok(locked)
    }

    async fn look_at_lock(&self) -> Result<LockSign, StateError> {
        lock::look(&self.location.lock())
    }

    async fn confirm_lock(&self) -> Result<(), StateError> {
        self.held().map(|_| ())
    }

    async fn release(&mut self) -> Result<(), StateError> {
        self.journal = None;
        self.lock = None;
        Ok(())
    }

    async fn unlock(&mut self, id: &LockId) -> Result<Holder, StateError> {
        lock::unlock(&self.location.lock(), id)
    }

    async fn load(&self) -> Result<Option<State>, StateError> {
        self.read_state()
    }

    async fn replace(&mut self, state: &State, expected: Option<&StateVersion>) -> Result<(), StateError> {
        self.held()?;
        let path = self.location.state();
        let found = self.read_state::<StateVersion>()?;
        if found.as_ref() != expected {
            return Err(StateError::Moved { path, expected: expected.cloned(), found });
        }
        files::replace(&path, &format::write(&path, state)?)
    }

    async fn journal(&self) -> Result<Option<Journal>, StateError> {
        let path = self.location.journal();
        files::read(&path)?.map_or(Ok(None), |bytes| journal_text::parse(&path, &bytes))
    }

    async fn append(&mut self, records: &[JournalLine]) -> Result<(), StateError> {
        self.held()?;
        if let [JournalLine::Begin(_), ..] = records {
            self.journal = Some(self.start_journal()?);
        }
        let writer = self.journal.as_mut().ok_or(StateError::OutOfOrder("no run has begun"))?;
        writer.append(&self.location.journal(), records).await
    }

    async fn clear_journal(&mut self) -> Result<(), StateError> {
        self.held()?;
        self.journal = None;
        files::remove(&self.location.journal())
    }

    async fn key(&self) -> Result<Option<Key>, StateError> {
        let path = self.location.key();
        let Some(bytes) = files::read(&path)? else { return Ok(None) };
        let key = std::str::from_utf8(&bytes).ok().and_then(|text| Key::from_hex(text.trim_end()));
        let damaged = || StateError::Damaged { path, reason: "it holds no key".to_owned() };
        key.map(Some).ok_or_else(damaged)
    }

    async fn make_key(&self) -> Result<Key, StateError> {
        self.location.make()?;
        let key = Key::random();
        if files::create(&self.location.key(), format!("{}\n", key.to_hex()).as_bytes())? {
            return Ok(key);
        }
        Ok(self.key().await?.unwrap_or(key))
    }

    async fn revisions(&self) -> Result<Vec<u64>, StateError> {
        self.numbers()
    }

    async fn revision(&self, number: u64) -> Result<Revision, StateError> {
        self.read_revision(number)
    }

    async fn revision_head(&self, number: u64) -> Result<RevisionHead, StateError> {
        self.read_revision(number).map(|HeadOnly { head }| head)
    }

    async fn save_revision(&mut self, revision: &Revision) -> Result<(), StateError> {
        self.held()?;
        files::make_folder(&self.location.revisions())?;
        let path = self.location.revision(revision.head.number);
        files::replace(&path, &format::write(&path, revision)?)?;
        let numbers = self.numbers()?;
        for number in numbers.iter().take(numbers.len().saturating_sub(self.retention)) {
            // One revision too many does no harm, and the next run tries again.
            let _ = fs::remove_file(self.location.revision(*number));
            let _ = fs::remove_file(self.location.values(*number));
        }
        Ok(())
    }

    fn seal(&self) -> Option<&Seal> {
        self.seal.as_ref()
    }

    async fn values(&self, number: u64) -> Result<Option<SealedValues>, StateError> {
        let path = self.location.values(number);
        files::read(&path)?.map(|bytes| format::read(&path, &bytes)).transpose()
    }

    async fn save_values(&mut self, values: &SealedValues) -> Result<(), StateError> {
        self.held()?;
        files::make_folder(&self.location.revisions())?;
        let path = self.location.values(values.revision);
        files::replace(&path, &format::write(&path, values)?)
    }

    async fn save_key(&mut self, key: &Key) -> Result<(), StateError> {
        self.held()?;
        files::replace(&self.location.key(), format!("{}\n", key.to_hex()).as_bytes())
    }

    async fn overwrite_state(&mut self, file: &[u8]) -> Result<(), StateError> {
        self.held()?;
        files::replace(&self.location.state(), file)
    }
}

#[cfg(test)]
mod tests;
