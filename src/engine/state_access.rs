//! What a plan needs of a state, whether it is only read or locked.

use crate::state::{State, Store, View};

/// A state that was read without a lock, or is locked for writing.
pub trait StateAccess: Send + Sync {
    /// The state, with the outcomes of an interrupted run folded in.
    fn state(&self) -> &State;
}

impl StateAccess for View {
    fn state(&self) -> &State {
        &self.state
    }
}

impl StateAccess for Store {
    fn state(&self) -> &State {
        Store::state(self)
    }
}
