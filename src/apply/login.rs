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
    let patience = timeout.unwrap_or(PATIENCE);
    let begun = Instant::now();
    let mut silence = Silence::since(begun);
    loop {
        let lack = match provider.cluster().login_lacks(&login).await {
            Ok(None) => return Ok(None),
            Ok(Some(lack)) => lack,
            Err(problem) if problem.kind != ProblemKind::Forbidden => LoginLack::NotAsked(problem.message),
            Err(problem) if is_tried => return Ok(Some(not_asked(&login, &problem.message))),
            Err(problem) => return Err(problem),
        };
        let now = Instant::now();
        let silent_for = silence.after(&lack, now);
        match &lack {
            LoginLack::NotAsked(why) if is_tried && silent_for >= PATIENCE_WITH_SILENCE.min(patience) => {
                return Ok(Some(not_asked(&login, why)));
            }
            _ if now - begun >= patience => return Err(not_taken(&login, &lack, patience)),
            _ => {}
        }
        progress(lack.told());
        sleep(PAUSE).await;
    }
}

/// Since when it cannot be asked whether the login is taken. A pod that answers ends it, whatever it says.
#[derive(Debug)]
struct Silence(Option<Instant>);

impl Silence {
    /// One that begins now.
    fn since(now: Instant) -> Self {
        Self(Some(now))
    }

    /// For how long it has been silent, with this answer.
    fn after(&mut self, lack: &LoginLack, now: Instant) -> Duration {
        match lack {
            LoginLack::NotTaken(_) => {
                self.0 = None;
                Duration::ZERO
            }
            LoginLack::NotAsked(_) => now - *self.0.get_or_insert(now),
        }
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
            "nothing was given to nodes, and the user that they have works as long as the registry has it; run the same \
             command again, or give it more time (`timeouts.ready`)"
        }
        LoginManner::Tried => {
            "nothing was given to nodes; run the same command again, or give it more time (`timeouts.ready`)"
        }
    };
    Problem::new(ProblemKind::Other, message).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_begins_when_no_pod_answers_any_more() {
        let (not_taken, not_asked) = (LoginLack::NotTaken("no".into()), LoginLack::NotAsked("?".into()));
        let begun = Instant::now();
        let at = |seconds: u64| begun + Duration::from_secs(seconds);
        let mut silence = Silence::since(begun);
        let told = [(0, &not_asked), (15, &not_taken), (60, &not_asked), (70, &not_asked), (71, &not_taken)];
        let seconds = told.map(|(moment, lack)| silence.after(lack, at(moment)).as_secs());
        assert_eq!(seconds, [0, 0, 0, 10, 0]);
    }
}
