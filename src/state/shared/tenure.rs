//! Until when a lock is certainly ours.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::boot_clock::Moment;
use crate::resource::{Permit, Problem, ProblemKind};

/// What is known of our hold of a lock. The task that renews it writes here; whoever is about to write to the state or
/// to the cluster asks.
#[derive(Debug, Clone)]
pub(super) struct Tenure(Arc<Mutex<Standing>>);

#[derive(Debug)]
struct Standing {
    /// Before this moment nobody can have taken the lock over.
    until: Moment,
    lost: Option<&'static str>,
}

const EXPIRED: &str = "it could not be renewed in time, so another process may have taken it over";
const TAKEN: &str = "another process has taken it over";

impl Tenure {
    /// The lock was written by a request that was sent at this moment, and lasts for so long.
    pub(super) fn from(sent: Moment, duration: Duration) -> Self {
        Self(Arc::new(Mutex::new(Standing { until: sent.plus(duration), lost: None })))
    }

    /// The lock was renewed by a request that was sent at this moment.
    pub(super) fn extend(&self, sent: Moment, duration: Duration) {
        self.standing().until = sent.plus(duration);
    }

    /// Somebody else has the lock. It does not become ours again.
    pub(super) fn end(&self) {
        self.standing().lost = Some(TAKEN);
    }

    /// Makes sure that nobody can have taken the lock over by now.
    ///
    /// # Errors
    /// Why it is not certainly ours.
    pub(super) fn confirm(&self) -> Result<(), &'static str> {
        let standing = self.standing();
        match standing.lost {
            Some(reason) => Err(reason),
            None if Moment::now() >= standing.until => Err(EXPIRED),
            None => Ok(()),
        }
    }

    /// The permit to write to the cluster while the lock is ours.
    pub(super) fn permit(&self) -> Permit {
        let tenure = self.clone();
        Permit::new(move || {
            tenure.confirm().map_err(|reason| {
                Problem::new(ProblemKind::Other, format!("the state's lock is not ours any more: {reason}"))
                    .help("run the same command again: what was recorded is picked up")
            })
        })
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_was_not_renewed_is_not_ours_until_it_is() {
        let tenure = Tenure::from(Moment::now(), Duration::ZERO);
        assert_eq!(tenure.confirm(), Err(EXPIRED));
        assert!(tenure.permit().ask().is_err());
        tenure.extend(Moment::now(), Duration::from_mins(1));
        assert!(tenure.permit().ask().is_ok());
    }

    #[test]
    fn a_lock_that_somebody_took_over_is_not_ours_again() {
        let tenure = Tenure::from(Moment::now(), Duration::from_mins(1));
        tenure.end();
        tenure.extend(Moment::now(), Duration::from_mins(1));
        assert_eq!(tenure.confirm(), Err(TAKEN));
    }
}
