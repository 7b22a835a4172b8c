//! Plan files: made from a plan, admitted by the state that they belong to, compared with a new plan.

use std::collections::BTreeMap;

use super::Error;
use super::planned::{Approval, Planned, VerifiedFile};
use super::refusal::{NotApplicable, PlanFileRefusal, UncheckedField};
use super::state_access::StateAccess;
use super::workspace::Workspace;
use crate::approval::{self, Asked, Attempt, PlanFile, Preconditions};
use crate::diagnostic::Sources;
use crate::plan::{Keep, Plan};
use crate::resource::Key;
use crate::state::Store;

/// A plan file that may be applied here, if the new plan is the same.
#[derive(Debug)]
pub struct Admitted<'f> {
    file: &'f PlanFile,
    key: Key,
    attempt: Attempt,
}

impl Admitted<'_> {
    /// Whether an earlier run of this file was interrupted, so that this run continues it.
    pub fn is_resumed(&self) -> bool {
        self.attempt == Attempt::Resumed
    }
}

impl<S: StateAccess> Workspace<S> {
    /// Makes the file of a plan, to be approved and applied later; `None` where the plan cannot be applied
    /// anyway.
    ///
    /// # Errors
    /// Objects of a state that is not here; the key that seals it cannot be read, or kept with the state.
    pub async fn plan_file(&self, planned: &Planned) -> Result<Option<PlanFile>, Error> {
        let Planned { request, plan, secret_inputs, .. } = planned;
        if plan.is_blocked() {
            return Ok(None);
        }
        if let Some(obstacle) = &plan.lineage_obstacle {
            return Err(NotApplicable::Lineage(obstacle.clone()).into());
        }
        let key = self.project.backend().await?.make_key().await?;
        let config = &self.project.config;
        let preconditions =
            Preconditions::of(plan, config, secret_inputs, Asked::from(request.clone()), &key);
        Ok(Some(PlanFile::new(plan, preconditions, key_places(&config.sources, plan), &key)?))
    }
}

impl Workspace<Store> {
    /// Admits a plan file, before anything is planned.
    ///
    /// # Errors
    /// A [`PlanFileRefusal`], or the state cannot be read.
    pub async fn admit<'f>(&mut self, file: &'f PlanFile) -> Result<Admitted<'f>, Error> {
        let key = self.state.key().await?.ok_or(PlanFileRefusal::NoKey)?;
        if !file.is_sealed_by(&key) {
            return Err(PlanFileRefusal::NotSealed.into());
        }
        if let Some(done) = self.state.completed(file.digest()).await? {
            return Err(PlanFileRefusal::Completed { revision: done.revision, at: done.at }.into());
        }
        let unchecked = unchecked(file);
        if !unchecked.is_empty() {
            return Err(PlanFileRefusal::Unchecked(unchecked).into());
        }
        // If the project has no state yet, the plan has chosen the lineage that its objects will carry.
        if let Ok(lineage) = file.preconditions().lineage.parse() {
            self.state.assume_lineage(&lineage)?;
        }
        let unfinished = self.state.state().unfinished.as_ref();
        let is_resumed = unfinished.is_some_and(|run| run.plan == file.digest());
        let attempt = if is_resumed { Attempt::Resumed } else { Attempt::Fresh };
        Ok(Admitted { file, key, attempt })
    }

    /// Compares a new plan with the file. The request of the new plan comes from the file as well:
    /// `PlanRequest::from(&file)`. The changes of a plan with refusals are not compared, since it cannot be
    /// applied anyway.
    ///
    /// # Errors
    /// A [`PlanFileRefusal`] where anything differs from what was approved.
    pub async fn hold_against(&self, admitted: &Admitted<'_>, planned: &Planned) -> Result<Approval, Error> {
        let Admitted { file, key, attempt } = admitted;
        let Planned { request, plan, secret_inputs, .. } = planned;
        let config = &self.project.config;
        let preconditions = Preconditions::of(plan, config, secret_inputs, Asked::from(request.clone()), key);
        let mismatches = file.preconditions().mismatches(&preconditions);
        if !mismatches.is_empty() {
            return Err(PlanFileRefusal::Mismatch(mismatches).into());
        }
        let is_comparable = plan.refusals.is_empty();
        let mut divergences =
            if is_comparable { approval::check(file, plan, *attempt, key) } else { Vec::new() };
        if divergences.is_empty() {
            return Ok(Approval::File(VerifiedFile { digest: file.digest().to_owned() }));
        }
        // It only tells who did it: what cannot be read does not take the place of the refusal.
        let later = self.state.applied_since(file.preconditions().serial).await.unwrap_or_default();
        for divergence in &mut divergences {
            divergence.look_in(&later);
        }
        Err(PlanFileRefusal::Diverged(divergences).into())
    }
}

fn unchecked(file: &PlanFile) -> Vec<UncheckedField> {
    let fields = file.unchecked().map(|(address, path, reason)| UncheckedField {
        address: address.clone(),
        path: path.clone(),
        reason: reason.to_owned(),
    });
    let mut unchecked: Vec<_> = fields.collect();
    unchecked.dedup();
    unchecked
}

/// The place of each key that the plan names: file and line (from 1).
fn key_places(sources: &Sources, plan: &Plan) -> BTreeMap<String, (String, usize)> {
    let fields = plan.changes.iter().flat_map(|change| &change.fields);
    let origins = fields.flat_map(|field| {
        let keep = field.keep.iter().filter_map(|keep| match keep {
            Keep::Key(origin) => Some(origin),
            Keep::Ignore(_) => None,
        });
        keep.chain(&field.origin)
    });
    origins
        .filter_map(|origin| {
            let (path, line) = sources.line_of(origin.span?)?;
            Some((origin.key.clone(), (path.display().to_string(), line)))
        })
        .collect()
}
