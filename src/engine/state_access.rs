//! What a plan needs of a state, whether it is only read or locked.

use std::path::{Path, PathBuf};

use crate::state::{State, Store, View};

/// A state that was read without a lock, or is locked for writing.
pub trait StateAccess: Send + Sync {
    /// The state, with the outcomes of an interrupted run folded in.
    fn state(&self) -> &State;

    /// Where it is kept.
    fn place(&self) -> PathBuf;
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
}

impl StateAccess for Store {
    fn state(&self) -> &State {
        Store::state(self)
    }

    fn place(&self) -> PathBuf {
        Store::place(self)
    }
}
