//! The version of the file formats, and the version of one state.

use serde::{Deserialize, Serialize};

use super::id::Lineage;

/// The version of every format in this room: state, journal and revisions move together.
pub const FORMAT_VERSION: u32 = 2;

/// Identifies one written version of one state. A replacement names the version that it replaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateVersion {
    /// The state's lineage.
    pub lineage: Lineage,
    /// Its serial, one higher with every write.
    pub serial: u64,
}
