//! Server-side apply and delete, each under its guard, and what became of a write without an answer.
//!
//! A write whose answer was lost is never simply repeated, and never simply called failed. The object is
//! read again: if applying ours to it once more would change nothing (a dry-run says so), the write was
//! done; if it is as the guard wants it, the write was not done, and is repeated; otherwise somebody else
//! was there, which is a conflict. Only where even the read fails is the outcome called unknown.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};

use super::discovery::{Served, encode};
use super::list::{check_namespace, get};
use super::problem::{self, About, is_webhook_silence};
use super::transport::{Answer, Call, CallError, JSON, Refusal, Repeat};
use super::{Kubernetes, ownership, warning};
use crate::kubernetes::kinds::changes_discovery;
use crate::provider::{Guard, Verb, Write, Written};
use crate::resource::{Identity, Live, Problem, ProblemKind, Reading, Stamp, Target};

/// How often a write is begun because its answer was lost.
const TRIES: u32 = 4;
/// Before the second try; before each further one that much more.
const PAUSE: Duration = Duration::from_millis(300);
/// For how long it is begun again: a server that let one time out in silence will do so again.
const BUDGET: Duration = Duration::from_mins(1);
/// For how long a write waits for an admission webhook that does not answer: its pods are often just
/// starting. A dry-run does not wait.
const WEBHOOK_PATIENCE: Duration = Duration::from_secs(30);

const APPLY: &str = "application/apply-patch+yaml";

/// Applies, or says what applying would come to.
pub(super) async fn apply(cluster: &Kubernetes, write: &Write, dry: bool) -> Result<Written, Problem> {
    let identity = &write.target.identity;
    let served = served(cluster, &write.target).await?;
    check_namespace(&served, identity)?;
    let mut unanswered = false;
    let started = Instant::now();
    for attempt in 0..TRIES {
        if unanswered && started.elapsed() > BUDGET {
            break;
        }
        sleep(PAUSE * attempt).await;
        let failure = match send(cluster, &served, write, &write.guard, dry).await {
            Ok(written) => {
                if !dry && changes_discovery(identity) {
                    cluster.discovery.forget().await;
                }
                return Ok(written);
            }
            Err(failure) => failure,
        };
        match failure {
            CallError::Refused(refusal)
                if !dry && is_webhook_silence(&refusal) && started.elapsed() < WEBHOOK_PATIENCE =>
            {
                return after_webhook(cluster, &served, write, started, refusal).await;
            }
            // An earlier try may be what this one met.
            CallError::Refused(refusal) if unanswered && matches!(refusal.code, 409 | 422) => {
                match outcome(cluster, &served, write).await? {
                    LostWrite::Done(written) => return Ok(written),
                    LostWrite::NotDone => {}
                    LostWrite::Other => {
                        return Err(explained(cluster, &served, write, CallError::Refused(refusal)).await);
                    }
                }
            }
            CallError::Refused(ref refusal) if !dry && matches!(refusal.code, 503 | 504) => {
                unanswered = true;
                match outcome(cluster, &served, write).await? {
                    LostWrite::Done(written) => return Ok(written),
                    LostWrite::NotDone => {}
                    LostWrite::Other => return Err(overtaken(identity)),
                }
            }
            CallError::Lost { perhaps_done: true, .. } if !dry => {
                unanswered = true;
                match outcome(cluster, &served, write).await? {
                    LostWrite::Done(written) => return Ok(written),
                    LostWrite::NotDone => {}
                    LostWrite::Other => return Err(overtaken(identity)),
                }
            }
            other => return Err(explained(cluster, &served, write, other).await),
        }
    }
    let silence = format!("the server has given no answer for {} s", started.elapsed().as_secs());
    Err(unknown(identity, &silence))
}

async fn served(cluster: &Kubernetes, target: &Target) -> Result<Served, Problem> {
    let found = cluster.discovery.served(target, true).await?;
    found.ok_or_else(|| cluster.unknown_kind(&target.identity))
}

/// The write is not processed as long as a webhook does not answer, so it may be repeated.
async fn after_webhook(
    cluster: &Kubernetes,
    served: &Served,
    write: &Write,
    started: Instant,
    first: Refusal,
) -> Result<Written, Problem> {
    let mut failure = CallError::Refused(first);
    while started.elapsed() < WEBHOOK_PATIENCE {
        sleep(Duration::from_secs(1)).await;
        match send(cluster, served, write, &write.guard, false).await {
            Ok(written) => return Ok(written),
            Err(CallError::Refused(refusal)) if is_webhook_silence(&refusal) => {
                failure = CallError::Refused(refusal);
            }
            Err(other) => {
                failure = other;
                break;
            }
        }
    }
    Err(explained(cluster, served, write, failure).await)
}

async fn send(
    cluster: &Kubernetes,
    served: &Served,
    write: &Write,
    guard: &Guard,
    dry: bool,
) -> Result<Written, CallError> {
    let body = guarded(write, served, guard);
    let dry_run = if dry { "&dryRun=All" } else { "" };
    let path = format!(
        "{}?fieldManager={}&force=true&fieldValidation=Strict{dry_run}",
        served.object(&write.target.identity),
        encode(&write.manager),
    );
    let mut call = Call::write(Method::PATCH, path, APPLY, &body);
    if dry {
        call.repeat = Repeat::Freely;
    }
    let Answer { headers, body } = cluster.transport.send(&call).await?;
    Ok(Written { live: ownership::live(body), warnings: warning::texts(&headers) })
}

/// The object with its guard in its metadata.
fn guarded(write: &Write, served: &Served, guard: &Guard) -> Value {
    let identity = &write.target.identity;
    let mut body = write.object.as_object().cloned().unwrap_or_default();
    body.insert("apiVersion".to_owned(), served.api_version().into());
    body.insert("kind".to_owned(), served.kind.clone().into());
    let mut metadata: Map<String, Value> = match body.remove("metadata") {
        Some(Value::Object(metadata)) => metadata,
        _ => Map::new(),
    };
    for key in ["managedFields", "uid", "resourceVersion"] {
        metadata.remove(key);
    }
    metadata.insert("name".to_owned(), identity.name.clone().into());
    match &identity.namespace {
        Some(namespace) if served.namespaced => {
            metadata.insert("namespace".to_owned(), namespace.clone().into());
        }
        _ => {
            metadata.remove("namespace");
        }
    }
    match guard {
        // No object has the version 1, and one that does not exist accepts any: this creates or fails.
        Guard::Absent => {
            metadata.insert("resourceVersion".to_owned(), "1".into());
        }
        // The version alone would create the object anew where it has been deleted; the uid prevents that.
        Guard::At(stamp) => {
            metadata.insert("uid".to_owned(), stamp.uid.clone().into());
            metadata.insert("resourceVersion".to_owned(), stamp.version.clone().into());
        }
    }
    body.insert("metadata".to_owned(), Value::Object(metadata));
    Value::Object(body)
}

async fn explained(cluster: &Kubernetes, served: &Served, write: &Write, failure: CallError) -> Problem {
    let identity = &write.target.identity;
    let about = About { identity, sent: Some(&write.object) };
    let existing = matches!(write.guard, Guard::Absent)
        && matches!(&failure, CallError::Refused(refusal) if refusal.code == 409);
    let mut problem = problem::of(failure, about, &cluster.transport.facts);
    if existing && problem.kind == ProblemKind::Conflict {
        problem.message = format!("{identity} exists already, and was to be created");
    }
    let verbs: &[Verb] = match write.guard {
        Guard::Absent => &[Verb::Patch, Verb::Create],
        Guard::At(_) => &[Verb::Patch],
    };
    cluster.access.confirm(problem, verbs, served, identity).await
}

fn overtaken(identity: &Identity) -> Problem {
    let message = format!("{identity} was changed by somebody else while our write got no answer");
    Problem::new(ProblemKind::Conflict, message)
}

fn unknown(identity: &Identity, why: &str) -> Problem {
    let message = format!("whether {identity} was written is not known: {why}");
    Problem::new(ProblemKind::Unreachable, message)
        .help("run the same command again: it looks before it writes")
}

/// What became of a write without an answer.
enum LostWrite {
    Done(Written),
    NotDone,
    Other,
}

async fn outcome(cluster: &Kubernetes, served: &Served, write: &Write) -> Result<LostWrite, Problem> {
    let identity = &write.target.identity;
    // Controllers may write between the read and the dry-run: look again.
    for _ in 0..5 {
        let live = match get(cluster, served, identity).await {
            Reading::Present(live) => live,
            Reading::Absent => {
                return Ok(match write.guard {
                    Guard::Absent => LostWrite::NotDone,
                    Guard::At(_) => LostWrite::Other,
                });
            }
            Reading::Unreadable(problem) => return Err(unknown(identity, &problem.message)),
        };
        if let Guard::At(stamp) = &write.guard {
            if live.stamp == *stamp {
                return Ok(LostWrite::NotDone);
            }
            if live.stamp.uid != stamp.uid {
                return Ok(LostWrite::Other);
            }
        }
        if live.ownership.applied_by(&write.manager).is_none() {
            return Ok(LostWrite::Other);
        }
        match send(cluster, served, write, &Guard::At(live.stamp.clone()), true).await {
            Ok(again) if is_same(&again.live, &live) => {
                return Ok(LostWrite::Done(Written {
                    live: Arc::unwrap_or_clone(live),
                    warnings: again.warnings,
                }));
            }
            Ok(_) => return Ok(LostWrite::Other),
            Err(CallError::Refused(refusal)) if refusal.code == 409 => {}
            Err(failure) => {
                let problem = explained(cluster, served, write, failure).await;
                return Err(unknown(identity, &problem.message));
            }
        }
    }
    Err(unknown(identity, "it is being changed all the time"))
}

fn is_same(a: &Live, b: &Live) -> bool {
    a.object == b.object && a.ownership == b.ownership
}

/// Asks for deletion; what is not there is no error.
pub(super) async fn delete(cluster: &Kubernetes, target: &Target, stamp: &Stamp) -> Result<(), Problem> {
    let identity = &target.identity;
    let Some(served) = cluster.discovery.served(target, false).await? else { return Ok(()) };
    check_namespace(&served, identity)?;
    let mut preconditions = Map::new();
    for (key, value) in [("uid", &stamp.uid), ("resourceVersion", &stamp.version)] {
        if !value.is_empty() {
            preconditions.insert(key.to_owned(), value.clone().into());
        }
    }
    // Without a policy of ours, a Job would leave its pods behind.
    let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground",
                         "preconditions": preconditions});
    let call = Call::write(Method::DELETE, served.object(identity), JSON, &options);
    let mut unanswered = false;
    let started = Instant::now();
    for attempt in 0..TRIES {
        if unanswered && started.elapsed() > BUDGET {
            break;
        }
        sleep(PAUSE * attempt).await;
        let Err(failure) = cluster.transport.send(&call).await else { return Ok(()) };
        let met_conflict = matches!(&failure, CallError::Refused(refusal) if refusal.code == 409);
        match &failure {
            CallError::Refused(refusal) if refusal.code == 404 => return Ok(()),
            CallError::Refused(refusal) if matches!(refusal.code, 409 | 503 | 504) => {}
            CallError::Lost { perhaps_done: true, .. } => {}
            _ => {
                let problem = problem::of(failure, About::new(identity), &cluster.transport.facts);
                return Err(cluster.access.confirm(problem, &[Verb::Delete], &served, identity).await);
            }
        }
        match get(cluster, &served, identity).await {
            Reading::Absent => return Ok(()),
            // Somebody, perhaps we ourselves, has asked for it already.
            Reading::Present(live) if live.stamp.uid == stamp.uid && live.is_ending() => return Ok(()),
            Reading::Present(live) if unanswered && live.stamp.uid != stamp.uid => return Ok(()),
            Reading::Present(_) if met_conflict => {
                return Err(problem::of(failure, About::new(identity), &cluster.transport.facts));
            }
            Reading::Present(_) => unanswered = true,
            Reading::Unreadable(problem) => {
                let message = format!("whether {identity} is being deleted is not known: {problem}");
                return Err(Problem::new(ProblemKind::Unreachable, message));
            }
        }
    }
    Err(Problem::new(
        ProblemKind::Unreachable,
        format!("the server has not answered any try to delete {identity}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(object: Value) -> Write {
        let target = Target { identity: Identity::namespaced("", "ConfigMap", "a", "c"), version: None };
        Write { target, object, guard: Guard::Absent, manager: "regplan:x".into() }
    }

    fn served() -> Served {
        Served {
            group: String::new(),
            version: "v1".into(),
            kind: "ConfigMap".into(),
            plural: "configmaps".into(),
            namespaced: true,
        }
    }

    #[test]
    fn every_write_carries_its_guard() {
        let write =
            write(json!({"metadata": {"uid": "old", "managedFields": [], "labels": {"a": "b"}}, "data": {}}));
        assert_eq!(
            guarded(&write, &served(), &Guard::Absent),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {},
                   "metadata": {"name": "c", "namespace": "a", "resourceVersion": "1", "labels": {"a": "b"}}})
        );
        let stamp = Stamp { uid: "u".into(), version: "7".into() };
        let body = guarded(&write, &served(), &Guard::At(stamp));
        assert_eq!(body["metadata"]["uid"], "u");
        assert_eq!(body["metadata"]["resourceVersion"], "7");
    }
}
