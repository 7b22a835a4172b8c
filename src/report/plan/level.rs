//! How much of what is created is shown. What changes, replaces or destroys is shown in full; only where a block has many
//! plain objects that go, they share lines.

use std::collections::BTreeSet;

use crate::plan::Change;
use crate::resource::Address;

/// How much of what is created a text or a Markdown shows. JSON is always complete.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Level {
    /// One line for each object, with what matters most.
    #[default]
    Brief,
    /// The same, but these with all of their fields; a block's address means all of its objects.
    Details(BTreeSet<Address>),
    /// Each object with all of its fields.
    Full,
}

impl Level {
    /// Whether the change is shown with all of its fields.
    pub(in crate::report) fn is_whole(&self, change: &Change) -> bool {
        !change.action.makes() || self.asks_for(change)
    }

    /// Whether all of the change was asked for.
    pub(in crate::report) fn asks_for(&self, change: &Change) -> bool {
        match self {
            Self::Brief => false,
            Self::Details(named) => named.iter().any(|named| change.address.is_meant_by(named)),
            Self::Full => true,
        }
    }

    /// The named addresses that no change of these has.
    pub fn unknown<'l>(&'l self, changes: &[Change]) -> Vec<&'l Address> {
        match self {
            Self::Brief | Self::Full => Vec::new(),
            Self::Details(named) => named
                .iter()
                .filter(|named| !changes.iter().any(|change| change.address.is_meant_by(named)))
                .collect(),
        }
    }
}
