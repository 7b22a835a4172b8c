//! Before something is written that cert-manager takes, it is asked whether it is whole. Its webhook takes a while to answer
//! after its pods run, and until then each write would be refused.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::kubernetes::certifier::{CertifierLack, asked_in};
use crate::provider::{Progress, Provider};
use crate::resource::{Identity, Problem, ProblemKind};

/// For how long it is waited for, unless the block says something else.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two questions.
const PAUSE: Duration = Duration::from_secs(1);

/// Waits until cert-manager takes writes, where this object is one of its own. A webhook that is not asked refuses none: the
/// plan tells of it.
///
/// # Errors
/// It still takes none when the time is over.
pub(super) async fn await_whole(
    provider: &dyn Provider,
    identity: &Identity,
    timeout: Option<Duration>,
    progress: Progress<'_>,
) -> Result<(), Problem> {
    let Some(namespace) = asked_in(identity) else { return Ok(()) };
    let (begun, patience) = (Instant::now(), timeout.unwrap_or(PATIENCE));
    while let Some(lack) =
        provider.cluster().certifier_lacks(namespace).await.filter(CertifierLack::refuses_writes)
    {
        if begun.elapsed() >= patience {
            let message = format!("after {} s, cert-manager {}", patience.as_secs(), lack.told());
            return Err(Problem::new(ProblemKind::Rejected, message).help(lack.help()));
        }
        progress(&format!("cert-manager {}", lack.told()));
        sleep(PAUSE).await;
    }
    Ok(())
}
