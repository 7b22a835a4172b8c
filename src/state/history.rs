//! What was applied before: the revisions, and the plans that they came from.

use super::backend::Backend;
use super::completed::CompletedPlan;
use super::error::StateError;
use super::model::State;
use super::revision::RevisionHead;

/// What `regplan history` lists, oldest first; and what could not be read of it, which hides nothing else.
///
/// # Errors
/// Where not even the numbers of the revisions can be read.
pub async fn history(backend: &dyn Backend) -> Result<(Vec<RevisionHead>, Vec<StateError>), StateError> {
    let (mut heads, mut damaged) = (Vec::new(), Vec::new());
    for number in backend.revisions().await? {
        match backend.revision_head(number).await {
            Ok(head) => heads.push(head),
            // A writer let go of it between the two reads.
            Err(StateError::NoRevision { .. }) => {}
            Err(error) => damaged.push(error),
        }
    }
    Ok((heads, damaged))
}

/// Whether a plan was completed. The state knows the last ones; revisions are asked of which it does not tell,
/// since an older version wrote it, or since it was put back from a backup.
pub(super) async fn completed(
    backend: &dyn Backend,
    state: &State,
    plan: &str,
) -> Result<Option<CompletedPlan>, StateError> {
    if let Some(found) = state.completed.iter().rev().find(|completed| completed.plan == plan) {
        return Ok(Some(found.clone()));
    }
    for number in backend.revisions().await?.into_iter().rev() {
        if state.completed.iter().any(|completed| completed.revision == number) {
            continue;
        }
        // What cannot be read of the history stops no run.
        let Ok(head) = backend.revision_head(number).await else { continue };
        if head.plan == plan {
            return Ok(Some(head.completed_plan()));
        }
    }
    Ok(None)
}
