//! The plans that a state remembers as completed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A plan that was completed. The state remembers the last ones, so that a plan file is not applied twice where
/// the revisions did not travel with the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompletedPlan {
    /// The digest of the plan.
    pub plan: String,
    /// The number of the revision that its apply made.
    pub revision: u64,
    /// When it was completed.
    pub at: Timestamp,
}
