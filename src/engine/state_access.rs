//! What a plan needs of a state, however it is held.

use crate::state::{State, Store, View};

/// A state that is at hand: seen, or locked to be written.
pub trait StateAccess: Send + Sync {
    /// The state.
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
