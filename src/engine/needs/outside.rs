//! Where the answers come from.

use std::fmt;

use crate::blocks::SecretKeyRef;
use crate::provider::Provider;

/// The outside that needs are answered from.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// The cluster. Without one (`validate`, `render`) no secret is read: objects hold placeholders.
    pub provider: Option<&'a dyn Provider>,
    /// Looks up a variable of the environment.
    pub env: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// Whether the state says that a generated value is stored under this key, so that its absence is a loss.
    /// It returns `false` where the user has consented to a new value.
    pub remembered: &'a (dyn Fn(&SecretKeyRef) -> bool + Sync),
}

impl fmt::Debug for Outside<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outside").field("cluster", &self.provider.is_some()).finish_non_exhaustive()
    }
}
