//! The history of a state: its revisions, and the plans that they came from.

use futures::stream::{self, StreamExt as _};

use super::backend::Backend;
use super::completed::CompletedPlan;
use super::error::{StateError, unless_damaged};
use super::model::State;
use super::revision::RevisionHead;

/// How many revisions are read at once: a store that is far away has fifty of them.
const AT_ONCE: usize = 8;

/// The revisions that are kept, the oldest first, and the errors of those that could not be
/// read. A damaged revision does not hide the others.
///
/// # Errors
/// The numbers of the revisions cannot be read.
pub async fn history(backend: &dyn Backend) -> Result<(Vec<RevisionHead>, Vec<StateError>), StateError> {
    let (mut heads, mut damaged) = (Vec::new(), Vec::new());
    let numbers = stream::iter(backend.revisions().await?);
    let mut read = numbers.map(|number| backend.revision_head(number)).buffered(AT_ONCE);
    while let Some(head) = read.next().await {
        match head {
            Ok(head) => heads.push(head),
            // A writer removed it between the two reads, as the oldest one.
            Err(StateError::NoRevision { .. }) => {}
            Err(error) => damaged.push(error),
        }
    }
    Ok((heads, damaged))
}

/// The applies that were completed after the state had this serial, the newest first, as far as their revisions can be
/// read.
pub(super) async fn since(backend: &dyn Backend, serial: u64) -> Result<Vec<RevisionHead>, StateError> {
    let mut later = Vec::new();
    for number in backend.revisions().await?.into_iter().rev() {
        // A damaged revision hides no older one.
        let Some(revision) = unless_damaged(backend.revision(number).await)? else { continue };
        if revision.state.serial <= serial {
            // Those before it are older; a state that was put back from a backup may have others, of which nothing is told.
            break;
        }
        later.push(revision.head);
    }
    Ok(later)
}

/// The record of a completed plan; `None` where the plan was not completed. The state knows the last ones.
/// Where it does not (an older version wrote it, or it was restored from a backup), the revisions are asked.
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
        // A damaged revision stops no run.
        let Some(head) = unless_damaged(backend.revision_head(number).await)? else { continue };
        if head.plan == plan {
            return Ok(Some(head.completed_plan()));
        }
    }
    Ok(None)
}
