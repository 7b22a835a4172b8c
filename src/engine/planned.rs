//! A plan, who approved it, and whether it can be applied.

use super::PlanRequest;
use super::refusal::{NotApplicable, UncheckedField};
use crate::blocks::SecretInputs;
use crate::diagnostic::Diagnostics;
use crate::plan::{LineageObstacle, Plan};
use crate::state::{Freshness, ReadFrom};

/// A plan, with the request that it was made for.
#[derive(Debug)]
pub struct Planned {
    /// The request that it was made for.
    pub request: PlanRequest,
    /// The plan.
    pub plan: Plan,
    /// Warnings about the configuration.
    pub warnings: Diagnostics,
    /// The digest of the configuration that it makes true: for a rollback, the one of the revision.
    pub(super) configuration: String,
    /// What that configuration was read from: for a rollback, as the revision says.
    pub(super) read_from: ReadFrom,
    /// The values of the sources of secrets when it was made.
    pub(super) secret_inputs: SecretInputs,
}

/// Who has approved a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approval {
    /// The caller: a person has looked at the plan, or none needs to.
    Caller,
    /// The plan with this digest was approved.
    Digest(String),
    /// The plan in this file was approved.
    File(VerifiedFile),
}

/// A plan file that [`Workspace::hold_against`](super::Workspace::hold_against) has found to be equal to the
/// new plan.
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

/// A plan that was approved, and that can be applied as a whole.
#[derive(Debug, Clone, Copy)]
pub struct Applicable<'p> {
    pub(super) plan: &'p Plan,
    /// What the history names the run by: the digest of the plan file, or of the plan where there is no file.
    pub(super) digest: &'p str,
    /// The digest of the configuration that it makes true.
    pub(super) configuration: &'p str,
    /// What that configuration was read from.
    pub(super) read_from: &'p ReadFrom,
}

impl Planned {
    /// Makes sure that the lineage that was named to be taken over is one that objects carry. Where it is not, that
    /// is what is wrong, and not what follows from it for each object.
    ///
    /// # Errors
    /// [`NotApplicable::Lineage`].
    pub fn check_named_lineage(&self) -> Result<(), NotApplicable> {
        match &self.plan.lineage_obstacle {
            Some(obstacle @ LineageObstacle::NotFound { .. }) => {
                Err(NotApplicable::Lineage(obstacle.clone()))
            }
            Some(LineageObstacle::NotAdopted { .. }) | None => Ok(()),
        }
    }

    /// The plan as one that can be applied. A plan is applied as a whole or not at all.
    ///
    /// # Errors
    /// A plan with refusals, or with fields that could not be checked; a state that is not the newest one; objects of a
    /// state that is not here; another plan than the approved one.
    pub fn applicable<'p>(&'p self, approval: &'p Approval) -> Result<Applicable<'p>, NotApplicable> {
        let plan = &self.plan;
        self.check_named_lineage()?;
        if let Freshness::Stale(stale) = &plan.freshness {
            return Err(NotApplicable::Stale(stale.clone()));
        }
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
        Ok(Applicable { plan, digest, configuration: &self.configuration, read_from: &self.read_from })
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
