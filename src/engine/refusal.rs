//! The reasons why a plan, or a plan file, is not applied.

use jiff::Timestamp;

use crate::approval::{Divergence, Mismatch};
use crate::plan::{LineageObstacle, Refusal};
use crate::resource::{Address, FieldPath};
use crate::state::Stale;

/// Why a plan cannot be applied. Nothing of it was done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotApplicable {
    /// The plan has refusals, which must be resolved first.
    #[error("resources of the plan that must be corrected first: {}", .0.len())]
    Refused(Vec<Refusal>),
    /// Fields that could not be checked cannot be written either.
    #[error("fields of the plan that could not be checked: {}", .0.len())]
    Unchecked(Vec<UncheckedField>),
    /// There is no state here, and the objects were made from one.
    #[error("the objects were made from a state that is not here")]
    Lineage(LineageObstacle),
    /// The state is not the newest one.
    #[error("the state is not the newest one")]
    Stale(Box<Stale>),
    /// It is not the plan that was approved.
    #[error("the plan has the digest {found}, and {approved} was approved")]
    OtherPlan {
        /// The digest that was approved.
        approved: String,
        /// The digest of this plan.
        found: String,
    },
}

/// A field that could not be checked, mostly because a secret is not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UncheckedField {
    /// The resource's address.
    pub address: Address,
    /// The field's path.
    pub path: FieldPath,
    /// Why it could not be checked.
    pub reason: String,
}

/// Why a plan file is not applied. Nothing of it was done.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileRefusal {
    /// The state has no key to check the seal with.
    #[error("there is no key to check the plan file with")]
    NoKey,
    /// Its seal is not that of this state's key.
    #[error("the plan file was not written here, or was changed since")]
    NotSealed,
    /// It was applied already.
    #[error("the plan file was applied as revision {revision}")]
    Completed {
        /// The number of the revision that it made.
        revision: u64,
        /// When it was completed.
        at: Timestamp,
    },
    /// Some fields could not be checked when it was made.
    #[error("fields of the plan file that could not be checked: {}", .0.len())]
    Unchecked(Vec<UncheckedField>),
    /// It is for another configuration, cluster or state.
    #[error("the plan file was made for something else")]
    Mismatch(Vec<Mismatch>),
    /// The new plan is not the one in the file.
    #[error("resources that have moved since the plan file was made: {}", .0.len())]
    Diverged(Vec<Divergence>),
}
