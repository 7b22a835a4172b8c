//! Before nodes get a login, each pod that is to take it is asked whether it does.
//!
//! A registry reads its password file again when that changes. When that is, its node decides: a kubelet brings the new
//! content of a Secret into a pod within a minute or two.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::kubernetes::pull_login::PullLogin;
use crate::provider::{Progress, Provider};
use crate::resource::{Problem, ProblemKind};

/// For how long the pods are asked, unless the block says something else.
const PATIENCE: Duration = Duration::from_mins(5);
/// Between two questions.
const PAUSE: Duration = Duration::from_secs(1);

/// Waits until the pods take the login in this object, if it has one that says which pods these are.
///
/// # Errors
/// They still do not when the time is over, or may not be asked.
pub(super) async fn await_taken(
    provider: &dyn Provider,
    object: &Value,
    timeout: Option<Duration>,
    progress: Progress<'_>,
) -> Result<(), Problem> {
    let Some(login) = PullLogin::of(object) else { return Ok(()) };
    let (begun, patience) = (Instant::now(), timeout.unwrap_or(PATIENCE));
    while let Some(lacking) = provider.cluster().login_lacks(&login).await? {
        if begun.elapsed() >= patience {
            let (user, seconds) = (&login.user, patience.as_secs());
            let message =
                format!("the registry does not take the user `{user}` after {seconds} s: {lacking}");
            return Err(Problem::new(ProblemKind::Other, message).help(
                "nothing was given to nodes, and the user that they have still works; run the same command again, \
                 or give it more time (`timeouts.ready`)",
            ));
        }
        progress(&lacking);
        sleep(PAUSE).await;
    }
    Ok(())
}
