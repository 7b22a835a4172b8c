//! Writes that wait until servers have heard of what cures them.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::plan::{self, Change, Plan};
use crate::provider::{Provider, Write, Written};
use crate::resource::Problem;

/// For how long a write is repeated. What decides about it (quotas, policies, rights, classes) is read from caches,
/// and these learn of a change only after a moment.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// Writes one change of a plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct PatientWriter<'p> {
    pub(super) plan: &'p Plan,
    pub(super) change: &'p Change,
}

impl PatientWriter<'_> {
    /// Writes. A refusal that other changes of the plan cure is not believed at once.
    pub(super) async fn write(&self, provider: &dyn Provider, write: &Write) -> Result<Written, Problem> {
        let begun = Instant::now();
        loop {
            let problem = match provider.write(write).await {
                Ok(written) => return Ok(written),
                Err(problem) => problem,
            };
            let is_curable = || plan::is_curable(self.plan, self.change, &write.object, &problem);
            if begun.elapsed() >= PATIENCE || !is_curable() {
                return Err(problem);
            }
            sleep(PAUSE).await;
        }
    }
}
