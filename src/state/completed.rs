//! A plan that was completed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A plan that was completed. The state remembers the last ones, so that a plan file is not applied twice where
/// the revisions did not travel with the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompletedPlan {
    /// The digest of the plan.
    pub plan: String,
    /// The number of the revision that it came to.
    pub revision: u64,
    /// When it was completed.
    pub at: Timestamp,
}
