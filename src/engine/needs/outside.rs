//! Where the answers come from.

use std::fmt;

use super::helm::HelmSettings;
use crate::blocks::SecretKeyRef;
use crate::provider::Provider;
use crate::resource::{BlockAddress, Identity, Moment};

/// The outside that needs are answered from.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// The cluster. Without one (`validate`, `render`) no secret is read: objects hold placeholders.
    pub provider: Option<&'a dyn Provider>,
    /// How charts are fetched and rendered.
    pub helm: &'a HelmSettings,
    /// Looks up a variable of the environment.
    pub env: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// Whether the state says that a generated value is stored under this key, so that its absence is a loss.
    /// It returns `false` where the user has consented to a new value.
    pub remembered: &'a (dyn Fn(&SecretKeyRef) -> bool + Sync),
    /// What the state and the user say about an object with values that a chart has made at random.
    pub fate: &'a (dyn Fn(&Identity) -> Fate + Sync),
    /// What happens to a chart, by what the state knows of it.
    pub moment: &'a (dyn Fn(&BlockAddress) -> Moment + Sync),
}

/// What the state and the user say about an object with values that were made at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing: where it is not there, it is made.
    Free,
    /// It was applied: where it is not there, its values are lost.
    Remembered,
    /// Its values are made anew.
    Renewed,
}

impl fmt::Debug for Outside<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outside").field("cluster", &self.provider.is_some()).finish_non_exhaustive()
    }
}
