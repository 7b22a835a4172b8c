//! Before nodes get a login, each pod that is to take it is asked whether it does.
//!
//! A registry reads its password file again when that changes. When that is, its node decides: a kubelet brings the new
//! content of a Secret into a pod within a minute or two.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::kubernetes::pull_login::{LoginLack, LoginManner, PullLogin, takes_login_away};
use crate::provider::{Progress, Provider};
use crate::resource::{Live, Problem, ProblemKind};

/// For how long the pods are asked, unless the block says something else.
const PATIENCE: Duration = Duration::from_mins(5);
/// For how long it is tried to ask pods that need not be asked.
const PATIENCE_WITH_SILENCE: Duration = Duration::from_secs(20);
/// Between two questions.
const PAUSE: Duration = Duration::from_secs(1);

/// Waits until the pods take the login in this object, if it has one that says which pods these are. `prior` is the object
/// as it was: nodes that get their first login have lost nothing. Returns why nobody was asked, where that is no error.
///
/// # Errors
/// They still do not when the time is over, or may not be asked and must be.
pub(super) async fn await_taken(
    provider: &dyn Provider,
    object: &Value,
    prior: Option<&Live>,
    timeout: Option<Duration>,
    progress: Progress<'_>,
) -> Result<Option<String>, Problem> {
    let Some(login) = PullLogin::of(object) else { return Ok(None) };
    let is_tried = login.manner == LoginManner::Tried;
    if is_tried && !takes_login_away(prior.map(|live| &live.object), object) {
        return Ok(None);
    }
    let (begun, patience) = (Instant::now(), timeout.unwrap_or(PATIENCE));
    loop {
        let lack = match provider.cluster().login_lacks(&login).await {
            Ok(None) => return Ok(None),
            Ok(Some(lack)) => lack,
            Err(problem) if is_tried => return Ok(Some(not_asked(&login, &problem.message))),
            Err(problem) => return Err(problem),
        };
        match &lack {
            LoginLack::NotAsked(why)
                if is_tried && begun.elapsed() >= PATIENCE_WITH_SILENCE.min(patience) =>
            {
                return Ok(Some(not_asked(&login, why)));
            }
            _ if begun.elapsed() >= patience => return Err(not_taken(&login, &lack, patience)),
            _ => {}
        }
        progress(lack.told());
        sleep(PAUSE).await;
    }
}

fn not_asked(login: &PullLogin, why: &str) -> String {
    format!(
        "nodes have got the user `{}`, and whether the registry takes it already is not known: {why}",
        login.user
    )
}

fn not_taken(login: &PullLogin, lack: &LoginLack, patience: Duration) -> Problem {
    let (user, seconds) = (&login.user, patience.as_secs());
    let message = format!("the registry does not take the user `{user}` after {seconds} s: {}", lack.told());
    let help = match login.manner {
        LoginManner::Required => {
            "nothing was given to nodes, and the user that they have still works; run the same command again, or give it \
             more time (`timeouts.ready`)"
        }
        LoginManner::Tried => {
            "nothing was given to nodes; run the same command again, or give it more time (`timeouts.ready`)"
        }
    };
    Problem::new(ProblemKind::Other, message).help(help)
}
