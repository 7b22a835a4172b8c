//! When every server that answers for the zone answers with what was written.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::entry::Entry;
use super::keeper::Behind;
use crate::kubernetes::readiness::Standard;
use crate::provider::{Checkup, Progress, Until, Wait};
use crate::resource::record_set::RecordValue;
use crate::resource::{FieldPath, Live, Problem, ProblemKind, ReadyRule};

/// How long it takes until the servers are asked again, at first and at last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Waits for what is asked for. A question that gets no answer is asked again until the time is over: in a wait of an hour,
/// somebody does not answer once.
pub(super) async fn wait(
    entry: &Entry,
    wait: &Wait,
    progress: Progress<'_>,
) -> Result<Option<Arc<Live>>, Problem> {
    if let (Until::Ready(Some(ReadyRule::Written)), Some(written)) = (&wait.until, &wait.written) {
        return Ok(Some(Arc::clone(written)));
    }
    let limit = wait.timeout.unwrap_or_else(|| entry.keeper.patience());
    until(
        limit,
        progress,
        || look(entry, wait),
        |missing| too_late(&entry.names.name, limit, missing).help(entry.keeper.help_when_late()),
    )
    .await
}

/// Looks again and again until it is there, and tells what is missing.
pub(super) async fn until<L: Future<Output = Result<Found, Problem>>>(
    limit: Duration,
    progress: Progress<'_>,
    look: impl Fn() -> L,
    too_late: impl Fn(&str) -> Problem,
) -> Result<Option<Arc<Live>>, Problem> {
    let deadline = Instant::now() + limit;
    let mut pause = FIRST_PAUSE;
    loop {
        let missing = match look().await {
            Ok(Found::There(live)) => return Ok(live.map(Arc::new)),
            Ok(Found::Lacks(missing)) => missing,
            Err(problem) if problem.kind == ProblemKind::Unreachable => problem.message,
            Err(problem) => return Err(problem),
        };
        if Instant::now() + pause > deadline {
            return Err(too_late(&missing));
        }
        progress(&missing);
        sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// What is there of what is waited for.
pub(super) enum Found {
    /// All of it; the object as it is now.
    There(Option<Live>),
    /// Not all of it: this is lacking.
    Lacks(String),
}

async fn look(entry: &Entry, wait: &Wait) -> Result<Found, Problem> {
    let live = entry.live().await?;
    Ok(match &wait.until {
        Until::Gone { uid } if live.as_ref().is_none_or(|live| live.stamp.uid != *uid) => Found::There(None),
        Until::Gone { .. } => Found::Lacks("it is still there".to_owned()),
        Until::Field(path) if has_field(live.as_ref(), path) => Found::There(live),
        Until::Field(path) => Found::Lacks(format!("it has no {path} yet")),
        Until::Ready(Some(ReadyRule::Written)) => Found::There(live),
        Until::Ready(_) => {
            let Some(live) = live else { return Ok(Found::There(None)) };
            // What a person has to make does not stand there yet.
            let wanted = wait.written.as_deref().unwrap_or(&live);
            let behind = entry.keeper.behind(&entry.names, &values(entry, wanted)).await?;
            match told(behind) {
                None => Found::There(Some(live)),
                Some(missing) => Found::Lacks(missing),
            }
        }
    })
}

/// What these servers say, in one line; `None` where there are none.
pub(super) fn told(behind: impl IntoIterator<Item = Behind>) -> Option<String> {
    let texts: Vec<String> = behind.into_iter().map(Behind::into_text).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// What a record set lacks: servers that do not give it.
pub(super) async fn lacking(entry: &Entry, checkup: &Checkup) -> Option<String> {
    if checkup.rule == Some(ReadyRule::Written) {
        return None;
    }
    let behind = entry.keeper.behind(&entry.names, &values(entry, &checkup.live)).await.ok()?;
    told(judged(behind, checkup.standard))
}

/// Of what was seen ready once, a server that cannot be asked from here says nothing.
pub(super) fn judged(behind: Vec<Behind>, standard: Standard) -> impl Iterator<Item = Behind> {
    let counts = move |behind: &Behind| standard == Standard::RolledOut || matches!(behind, Behind::Says(_));
    behind.into_iter().filter(counts)
}

fn has_field(live: Option<&Live>, path: &FieldPath) -> bool {
    live.is_some_and(|live| path.get(&live.object).is_some_and(|value| !value.is_null()))
}

/// The values that the servers are to give.
fn values(entry: &Entry, live: &Live) -> Vec<RecordValue> {
    let texts = live.object.pointer("/spec/values").and_then(serde_json::Value::as_array);
    let texts = texts.into_iter().flatten().filter_map(serde_json::Value::as_str);
    texts.filter_map(|text| RecordValue::parse(&entry.identity.kind, text).ok()).collect()
}

/// That the servers do not answer with the records of a name in time.
pub(super) fn too_late(name: &str, limit: Duration, missing: &str) -> Problem {
    let message = format!("not every server answers with {name} after {} s: {missing}", limit.as_secs());
    Problem::new(ProblemKind::Other, message)
}
