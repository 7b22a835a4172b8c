//! What a place that keeps states must be able to do.

use std::path::PathBuf;

use async_trait::async_trait;

use super::error::StateError;
use super::holder::Holder;
use super::id::LockId;
use super::journal::{Journal, JournalLine};
use super::model::State;
use super::revision::{Revision, RevisionHead};
use super::seal::Seal;
use super::sealed_values::SealedValues;
use super::version::StateVersion;
use crate::resource::{Key, Permit};

/// The lock was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// Our own entry in the lock, as other processes read it.
    pub holder: Holder,
    /// The process that held the lock last and was killed; `None` where the last one released it.
    pub left_by: Option<Holder>,
}

/// What the lock shows to those who do not take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockSign {
    /// A process holds it that lives.
    Held,
    /// This process holds it, or was killed: only time will tell.
    HeldOrLeft(Box<Holder>),
    /// Nobody holds it.
    Free,
    /// It says nothing.
    Nothing,
}

/// A place for a state, its journal, its revisions and its lock.
///
/// Reading takes no lock. Each write is durable when it returns, and is done as a whole or not at all. There
/// are two exceptions: the journal's last line may be cut, and lines that are [not
/// urgent](JournalLine::is_urgent) may reach the disk later.
///
/// # Errors
/// Every method fails where the place cannot be read or written. What is damaged, or has a newer format, is
/// refused and left as it is. Methods that write are refused without the lock ([`StateError::NotLocked`]);
/// only [`make_key`](Self::make_key) needs none.
#[async_trait]
pub trait Backend: Send + Sync {
    /// The state's name in messages.
    fn place(&self) -> PathBuf;

    /// The journal's name in messages.
    fn journal_place(&self) -> PathBuf;

    /// Takes the lock. `command` is what this process does, such as `apply`.
    ///
    /// # Errors
    /// Another process holds it: [`StateError::Locked`], with its name where that is known.
    async fn lock(&mut self, command: &str) -> Result<Locked, StateError>;

    /// Looks at the lock without taking it. Nobody who takes it is kept from that.
    async fn look_at_lock(&self) -> Result<LockSign, StateError>;

    /// Whether we may write to the cluster, asked right before each write. A lock that ends only with our process
    /// always says yes.
    fn permit(&self) -> Permit {
        Permit::always()
    }

    /// Makes sure that we still hold the lock. It is called once before a run begins. While the run goes on, each
    /// write to the state or to the journal makes sure of it as well, and each write to the cluster asks the
    /// [`permit`](Self::permit).
    ///
    /// # Errors
    /// This process does not hold it, or holds it no longer: [`StateError::NotLocked`].
    async fn confirm_lock(&self) -> Result<(), StateError>;

    /// Releases the lock.
    async fn release(&mut self) -> Result<(), StateError>;

    /// Takes the lock with this id away from a process that is gone.
    ///
    /// # Errors
    /// The process still runs, or the lock has another id.
    async fn unlock(&mut self, id: &LockId) -> Result<Holder, StateError>;

    /// The state; `None` where there is none yet.
    async fn load(&self) -> Result<Option<State>, StateError>;

    /// Replaces the state, if what is there now is `expected` (`None`: nothing).
    ///
    /// # Errors
    /// Something else is there: [`StateError::Moved`].
    async fn replace(&mut self, state: &State, expected: Option<&StateVersion>) -> Result<(), StateError>;

    /// The journal; `None` where no run has begun.
    async fn journal(&self) -> Result<Option<Journal>, StateError>;

    /// Adds lines, all of them with one write. A [`JournalLine::Begin`] stands alone, and starts a new journal.
    ///
    /// # Errors
    /// There is a journal already, or there is none to add to. Then none of the lines is recorded.
    async fn append(&mut self, records: &[JournalLine]) -> Result<(), StateError>;

    /// Removes the journal, if there is one.
    async fn clear_journal(&mut self) -> Result<(), StateError>;

    /// The key that seals the digests of secrets in plan files; `None` where no plan was ever kept in a file.
    async fn key(&self) -> Result<Option<Key>, StateError>;

    /// The key; a new one is made where there is none. It takes no lock: where two processes make one at the
    /// same time, both use the first.
    async fn make_key(&self) -> Result<Key, StateError>;

    /// The numbers of the revisions, ascending.
    async fn revisions(&self) -> Result<Vec<u64>, StateError>;

    /// One revision.
    ///
    /// # Errors
    /// It is not there: [`StateError::NoRevision`].
    async fn revision(&self, number: u64) -> Result<Revision, StateError>;

    /// What the history says of one revision.
    async fn revision_head(&self, number: u64) -> Result<RevisionHead, StateError> {
        Ok(self.revision(number).await?.head)
    }

    /// Keeps a revision, and removes the oldest ones where there are too many.
    async fn save_revision(&mut self, revision: &Revision) -> Result<(), StateError>;

    /// How the secret values of revisions are sealed that are kept here; `None` where none are.
    fn seal(&self) -> Option<&Seal> {
        None
    }

    /// The secret values of a revision; `None` where none are kept.
    async fn values(&self, _number: u64) -> Result<Option<SealedValues>, StateError> {
        Ok(None)
    }

    /// Keeps the secret values of a revision, which is saved after them. They are removed with it.
    async fn save_values(&mut self, values: &SealedValues) -> Result<(), StateError>;

    /// Puts a key in the place of the one that is there, for a state that comes from elsewhere.
    async fn save_key(&mut self, key: &Key) -> Result<(), StateError>;

    /// Puts the file of a state in the place of whatever is there: a state that comes from elsewhere, or the note that
    /// this one has gone.
    async fn overwrite_state(&mut self, file: &[u8]) -> Result<(), StateError>;
}
