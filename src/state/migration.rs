//! Moves a state to another place: everything is copied, read back and compared, and only then is the old one retired.
//!
//! A move that was killed is done again from its beginning: what it writes is the same, and the old place stays the one
//! that counts until it is retired by one write.

use std::path::{Path, PathBuf};

use super::backend::Backend;
use super::error::{StateError, unless_damaged};
use super::format;
use super::model::State;
use super::revision::Revision;
use super::seal::{Identities, Seal, SealedBy};
use super::sealed_values::{NotOpened, SealedValues};
use super::store::Store;
use crate::resource::Key;

/// What a move has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The old place.
    pub from: PathBuf,
    /// The new place.
    pub to: PathBuf,
    /// The serial of the state.
    pub serial: u64,
    /// How many revisions were moved; none where the state had moved before.
    pub revisions: usize,
}

/// What the lock says of a move.
const COMMAND: &str = "state migrate";

/// Moves the state of this project. `identities` open secret values that the new place keeps in another form.
///
/// # Errors
/// Another process holds one of the locks; there is no state to move; the new place has another one, or a newer one;
/// secret values cannot be opened; or something cannot be read or written. Then the old place is as it was.
pub async fn migrate(
    from: Box<dyn Backend>,
    mut to: Box<dyn Backend>,
    project: &str,
    identities: Option<&Identities>,
) -> Result<Migrated, StateError> {
    let (old, new) = (from.place(), to.place());
    if old == new {
        return Err(StateError::SamePlace { path: old });
    }
    to.lock(COMMAND).await?;
    if let Err(StateError::Retired { to: there, .. }) = from.load().await
        && there == new
        && let Some(state) = to.load().await?
    {
        to.release().await?;
        return Ok(Migrated { from: old, to: new, serial: state.serial, revisions: 0 });
    }
    let mut store = Store::open(from, project, COMMAND).await?;
    if !store.exists() {
        return Err(StateError::NothingToMove { path: old });
    }
    check_target(to.as_ref(), store.state(), &old).await?;
    let mut migration = Migration { from: store.backend(), to: to.as_mut(), identities };
    let revisions = migration.revisions().await?;
    migration.key().await?;
    let file = format::write(&new, store.state())?;
    to.overwrite_state(&file).await?;
    is_there("the state", &new, to.load().await, |there| there.as_ref() == Some(store.state()))?;
    let serial = store.state().serial;
    store.backend_mut().overwrite_state(&format::tombstone(&new)).await?;
    // It is done. A lock that cannot be released runs out.
    let _ = store.close().await;
    let _ = to.release().await;
    Ok(Migrated { from: old, to: new, serial, revisions })
}

/// The revisions whose secret values a move would leave behind, because the new place keeps none. Of a state that cannot be
/// read none is told: why it cannot move, the move itself says.
///
/// # Errors
/// The revisions, or what is kept beside them, cannot be read.
pub async fn values_left_behind(from: &dyn Backend, to: &dyn Backend) -> Result<Vec<u64>, StateError> {
    if to.seal().is_some() || !matches!(from.load().await, Ok(Some(_))) {
        return Ok(Vec::new());
    }
    let mut left = Vec::new();
    for number in from.revisions().await? {
        let Some(values) = from.values(number).await? else { continue };
        if values.are_of(&from.revision_head(number).await?) {
            left.push(number);
        }
    }
    Ok(left)
}

/// Makes sure that the new place has nothing that would be lost: no state; an older copy of this one; or one that has
/// moved here, and comes back.
async fn check_target(to: &dyn Backend, state: &State, from: &PathBuf) -> Result<(), StateError> {
    let path = to.place();
    match to.load().await {
        Ok(None) => {}
        Ok(Some(there)) => {
            if there.lineage != state.lineage {
                let (found, expected) = (there.lineage, state.lineage.clone());
                return Err(StateError::OtherLineage { path, found, expected });
            }
            if there.serial > state.serial {
                return Err(StateError::NotNewer { path, found: there.serial, pushed: state.serial });
            }
        }
        Err(StateError::Retired { to, .. }) if to == *from => {}
        Err(error) => return Err(error),
    }
    match to.journal().await? {
        None => Ok(()),
        Some(_) => Err(StateError::JournalForeign {
            path: to.journal_place(),
            reason: "a run was interrupted there".to_owned(),
        }),
    }
}

struct Migration<'m> {
    from: &'m dyn Backend,
    to: &'m mut dyn Backend,
    identities: Option<&'m Identities>,
}

impl Migration<'_> {
    /// Moves the revisions, the oldest first, each with its secret values. Returns how many there are.
    async fn revisions(&mut self) -> Result<usize, StateError> {
        let numbers = self.from.revisions().await?;
        for number in &numbers {
            let revision = self.from.revision(*number).await?;
            self.values(&revision).await?;
            self.to.save_revision(&revision).await?;
            let there = self.to.revision(*number).await;
            is_there(&format!("revision {number}"), &self.to.place(), there, |there| *there == revision)?;
        }
        Ok(numbers.len())
    }

    /// Moves the secret values of a revision, if the new place keeps any. What is encrypted stays so where nothing is
    /// encrypted any more.
    async fn values(&mut self, revision: &Revision) -> Result<(), StateError> {
        let number = revision.head.number;
        let values = self.from.values(number).await?.filter(|values| values.are_of(&revision.head));
        let Some(values) = values else { return Ok(()) };
        let values = match self.to.seal() {
            Some(seal) => self.sealed_for_target(values, seal)?,
            None if values.sealed_by == SealedBy::Age => values,
            None => return Ok(()),
        };
        self.to.save_values(&values).await?;
        let there = self.to.values(number).await;
        let what = format!("the secret values of revision {number}");
        is_there(&what, &self.to.place(), there, |there| there.as_ref() == Some(&values))
    }

    /// The values as the new place keeps them.
    fn sealed_for_target(&self, values: SealedValues, seal: &Seal) -> Result<SealedValues, StateError> {
        if values.sealed_by == seal.kind() {
            return Ok(values);
        }
        let number = values.revision;
        let closed = |error: NotOpened| StateError::ValuesClosed { number, reason: error.to_string() };
        let opened = values.open(self.identities).map_err(closed)?;
        let sealed = SealedValues::new(number, values.run, &opened, seal);
        sealed.map_err(StateError::io(&self.to.place(), "encrypt the secret values for"))
    }

    /// Moves the key of plan files, so that those that were kept stay good.
    async fn key(&mut self) -> Result<(), StateError> {
        let Some(key) = self.from.key().await? else { return Ok(()) };
        self.to.save_key(&key).await?;
        let is_the_same =
            |there: &Option<Key>| there.as_ref().is_some_and(|there| there.to_hex() == key.to_hex());
        is_there("the key of plan files", &self.to.place(), self.to.key().await, is_the_same)
    }
}

/// Makes sure that what was read back is what was written.
///
/// # Errors
/// It is something else, damaged, or not there: [`StateError::NotMoved`]; or it cannot be read.
fn is_there<T>(
    what: &str,
    place: &Path,
    read: Result<T, StateError>,
    is_the_same: impl FnOnce(&T) -> bool,
) -> Result<(), StateError> {
    let found = match read {
        Ok(there) if is_the_same(&there) => return Ok(()),
        Ok(_) => "what was read back is something else".to_owned(),
        Err(error) => {
            let reason = error.to_string();
            unless_damaged(Err::<T, _>(error))?;
            reason
        }
    };
    Err(StateError::NotMoved { what: what.to_owned(), path: place.to_owned(), found })
}

#[cfg(test)]
mod read_back_tests;
#[cfg(test)]
mod tests;
