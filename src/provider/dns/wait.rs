//! When every server that answers for the zone answers with what was written.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::entry::Entry;
use super::keeper::Behind;
use crate::kubernetes::readiness::Standard;
use crate::provider::{Progress, Until, Wait};
use crate::resource::record_set::RecordValue;
use crate::resource::{FieldPath, Live, Problem, ProblemKind};

/// How long it takes until the servers are asked again, at first and at last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Waits for what is asked for.
pub(super) async fn wait(
    entry: &Entry,
    wait: &Wait,
    progress: Progress<'_>,
) -> Result<Option<Live>, Problem> {
    let limit = wait.timeout.unwrap_or_else(|| entry.keeper.patience());
    let deadline = Instant::now() + limit;
    let mut pause = FIRST_PAUSE;
    loop {
        let live = entry.live().await?;
        let missing = match &wait.until {
            Until::Gone { uid } if live.as_ref().is_none_or(|live| live.stamp.uid != *uid) => {
                return Ok(None);
            }
            Until::Gone { .. } => "it is still there".to_owned(),
            Until::Field(path) if has_field(live.as_ref(), path) => return Ok(live),
            Until::Field(path) => format!("it has no {path} yet"),
            Until::Ready(_) => {
                let Some(live) = live else { return Ok(None) };
                // What a person has to make does not stand there yet.
                let wanted = wait.written.as_deref().unwrap_or(&live);
                let behind = entry.keeper.behind(&entry.names, &values(entry, wanted)).await?;
                if behind.is_empty() {
                    return Ok(Some(live));
                }
                behind.into_iter().map(Behind::into_text).collect::<Vec<_>>().join("; ")
            }
        };
        if Instant::now() + pause > deadline {
            return Err(too_late(&entry.names.name, limit, &missing));
        }
        progress(&missing);
        sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// What a record set lacks: servers that do not give it. Of one that was seen ready once, a server that cannot be asked from
/// here says nothing.
pub(super) async fn lacking(entry: &Entry, live: &Live, standard: Standard) -> Option<String> {
    let behind = entry.keeper.behind(&entry.names, &values(entry, live)).await.ok()?;
    let told = behind
        .into_iter()
        .filter(|behind| standard == Standard::RolledOut || matches!(behind, Behind::Says(_)));
    let told: Vec<String> = told.map(Behind::into_text).collect();
    (!told.is_empty()).then(|| told.join("; "))
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

fn too_late(name: &str, limit: Duration, missing: &str) -> Problem {
    let message = format!("not every server answers with {name} after {} s: {missing}", limit.as_secs());
    Problem::new(ProblemKind::Other, message).help(
        "check that the zone is transferred to these servers; where they cannot be reached from here, name those that \
         can by `name_servers`",
    )
}
