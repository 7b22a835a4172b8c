//! A plan that was made, and whether it can be applied.

use super::PlanRequest;
use super::refusal::{NotApplicable, UncheckedField};
use crate::blocks::SecretInputs;
use crate::diagnostic::Diagnostics;
use crate::plan::Plan;

/// A plan that was made.
#[derive(Debug)]
pub struct Planned {
    /// What it was asked for.
    pub request: PlanRequest,
    /// The plan.
    pub plan: Plan,
    /// What is probably not meant in the configuration.
    pub warnings: Diagnostics,
    /// What the sources of secrets held when it was made.
    pub(super) secret_inputs: SecretInputs,
}

/// Who has approved a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approval {
    /// Whoever calls: a person has looked at it, or it goes without.
    Caller,
    /// Whoever has approved the plan with this digest.
    Digest(String),
    /// Whoever has approved the plan in a file.
    File(VerifiedFile),
}

/// The plan in a file, found to be the one at hand by [`Workspace::hold_against`](super::Workspace::hold_against).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedFile {
    pub(super) digest: String,
}

impl VerifiedFile {
    /// The digest of the file.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

/// A plan of which all can be applied, as it was approved.
#[derive(Debug, Clone, Copy)]
pub struct Applicable<'p> {
    pub(super) plan: &'p Plan,
    /// By what the history knows the run: the digest of the plan file, or of the plan where there is none.
    pub(super) digest: &'p str,
}

impl Planned {
    /// What can be applied of it: all, or nothing.
    ///
    /// # Errors
    /// A plan with refusals, or with fields that could not be checked; objects of a state that is not here; another
    /// plan than the approved one.
    pub fn applicable<'p>(&'p self, approval: &'p Approval) -> Result<Applicable<'p>, NotApplicable> {
        let plan = &self.plan;
        if !plan.refusals.is_empty() {
            return Err(NotApplicable::Refused(plan.refusals.clone()));
        }
        if let Some(obstacle) = &plan.lineage_obstacle {
            return Err(NotApplicable::Lineage(obstacle.clone()));
        }
        let unchecked = unchecked(plan);
        if !unchecked.is_empty() {
            return Err(NotApplicable::Unchecked(unchecked));
        }
        let digest = match approval {
            Approval::Digest(approved) if approved.trim() != plan.digest => {
                let (approved, found) = (approved.trim().to_owned(), plan.digest.clone());
                return Err(NotApplicable::OtherPlan { approved, found });
            }
            Approval::Caller | Approval::Digest(_) => &plan.digest,
            Approval::File(file) => file.digest(),
        };
        Ok(Applicable { plan, digest })
    }
}

fn unchecked(plan: &Plan) -> Vec<UncheckedField> {
    let fields = plan.changes.iter().flat_map(|change| {
        change.unchecked.iter().map(|(path, reason)| UncheckedField {
            address: change.address.clone(),
            path: path.clone(),
            reason: reason.clone(),
        })
    });
    let mut unchecked: Vec<_> = fields.collect();
    unchecked.dedup();
    unchecked
}
