//! Reads the index of a shelf, and makes it anew where there is none to read.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::index::{self, Index, IndexFault};
use super::remark::{Remark, Telling};
use super::shelf::{Item, Shelf, ShelfError};
use crate::resource::{Problem, ProblemKind};
use crate::state::error::StateError;

/// What this process knows of an index that cannot be read.
#[derive(Default)]
pub(super) struct IndexReader {
    /// The one that was made anew.
    made: Mutex<Option<Index>>,
    /// The one of which the user was told.
    told: Mutex<Option<Index>>,
}

impl IndexReader {
    /// The index. One that is damaged or missing is made anew from the revisions; whoever writes the next one puts it right.
    /// `last_revision` is the one that the state names: 0 where it names none.
    ///
    /// # Errors
    /// It cannot be read, has a newer format, or nobody can say which revisions there are.
    pub(super) async fn index(
        &self,
        shelf: &dyn Shelf,
        telling: &Telling,
        last_revision: u64,
    ) -> Result<Index, StateError> {
        let fault = match index::read(shelf).await? {
            Ok(index) => return Ok(index),
            Err(fault) => fault,
        };
        if let Some(index) = locked(&self.made).clone() {
            return Ok(index);
        }
        let index = match index::anew(shelf).await {
            Ok(index) => index,
            // Before the first revision nobody needs the right to list.
            Err(ShelfError::Failed(problem))
                if fault == IndexFault::Missing && last_revision == 0 && is_forbidden(&problem) =>
            {
                Index::default()
            }
            Err(error) => return Err(unknown(shelf, &fault, error)),
        };
        self.tell(shelf, telling, &fault, &index);
        *locked(&self.made) = Some(index.clone());
        Ok(index)
    }

    /// Forgets what was made anew: others may have written since, or the index was put right.
    pub(super) fn forget(&self) {
        *locked(&self.made) = None;
    }

    /// Says once that an index was made anew. That there is none before the first revision is no news.
    fn tell(&self, shelf: &dyn Shelf, telling: &Telling, fault: &IndexFault, index: &Index) {
        let mut told = locked(&self.told);
        let is_first = *fault == IndexFault::Missing && index.revisions.is_empty();
        if is_first || told.as_ref() == Some(index) {
            return;
        }
        let (path, revisions) = (shelf.place(Item::Index), index.revisions.len());
        telling(&Remark::IndexAnew { path: &path, fault, revisions });
        *told = Some(index.clone());
    }
}

fn is_forbidden(problem: &Problem) -> bool {
    problem.kind == ProblemKind::Forbidden
}

/// Which revisions there are cannot be found out.
fn unknown(shelf: &dyn Shelf, fault: &IndexFault, error: ShelfError) -> StateError {
    let path = shelf.place(Item::Index);
    let error = StateError::shelf(&path, "look for the revisions beside")(error);
    let reason = match fault {
        IndexFault::Missing => format!("it is missing; {error}"),
        IndexFault::Damaged(reason) => format!("{reason}; {error}"),
    };
    StateError::Damaged { path, reason }
}

fn locked<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
