//! What a plan needs of a state, whether it is only read or locked.

use std::path::{Path, PathBuf};

use crate::state::{State, Store, View};

/// A state that was read without a lock, or is locked for writing.
pub trait StateAccess: Send + Sync {
    /// The state, with the outcomes of an interrupted run folded in.
    fn state(&self) -> &State;

    /// Where it is kept.
    fn place(&self) -> PathBuf;

    /// Whether a run is in it that may be under way: it has not recorded its end, and whoever reads without the lock cannot
    /// tell it from one that was killed.
    fn has_open_run(&self) -> bool;
}

/// The place of a state as a user names it: seen from the folder of the configuration, where it is in there.
pub(super) fn place_name(place: &Path, folder: Option<&Path>) -> String {
    let within = folder.and_then(|folder| place.strip_prefix(folder).ok());
    within.unwrap_or(place).display().to_string()
}

impl StateAccess for View {
    fn state(&self) -> &State {
        &self.state
    }

    fn place(&self) -> PathBuf {
        self.place.clone()
    }

    fn has_open_run(&self) -> bool {
        self.recovered.as_ref().is_some_and(|recovered| recovered.unfinished.end.is_none())
    }
}

impl StateAccess for Store {
    fn state(&self) -> &State {
        Store::state(self)
    }

    fn place(&self) -> PathBuf {
        Store::place(self)
    }

    /// Nobody else can be at work while we hold the lock.
    fn has_open_run(&self) -> bool {
        false
    }
}
