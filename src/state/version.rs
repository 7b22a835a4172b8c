//! The version of the formats, and which state at which moment.

use serde::{Deserialize, Serialize};

use super::id::Lineage;

/// The version of every format in this room: state, journal and revisions move together.
pub const FORMAT_VERSION: u32 = 2;

/// Which state at which moment: what a replacement is guarded by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateVersion {
    /// Which state.
    pub lineage: Lineage,
    /// At which moment.
    pub serial: u64,
}
