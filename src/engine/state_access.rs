//! What a plan needs of a state, whether it is only read or locked.

use std::path::{Path, PathBuf};

use crate::state::{RunId, State, Store, View};

/// A state that was read without a lock, or is locked for writing.
pub trait StateAccess: Send + Sync {
    /// The state, with the outcomes of an interrupted run folded in.
    fn state(&self) -> &State;

    /// Where it is kept.
    fn place(&self) -> PathBuf;

    /// A run in it that may be under way: it has not recorded its end, and only a look at the lock tells it from one that was
    /// killed.
    fn open_run(&self) -> Option<&RunId>;
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

    fn open_run(&self) -> Option<&RunId> {
        let run = &self.recovered.as_ref()?.unfinished;
        run.end.is_none().then_some(&run.run)
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
    fn open_run(&self) -> Option<&RunId> {
        None
    }
}
