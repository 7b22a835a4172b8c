//! Whether this process may still change the world.

use std::fmt;
use std::sync::Arc;

use super::Problem;

/// Asked right before each write, each repetition included. A lock that can be lost while a run goes on gives one that
/// may say no.
#[derive(Clone)]
pub struct Permit(Arc<dyn Fn() -> Result<(), Problem> + Send + Sync>);

impl Permit {
    /// A permit that says what this function says.
    pub fn new(ask: impl Fn() -> Result<(), Problem> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    /// A permit that never says no.
    pub fn always() -> Self {
        Self::new(|| Ok(()))
    }

    /// Whether the write may be sent.
    ///
    /// # Errors
    /// It may not, for this reason.
    pub fn ask(&self) -> Result<(), Problem> {
        (self.0)()
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}
