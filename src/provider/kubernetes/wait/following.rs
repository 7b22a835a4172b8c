//! Waiting: until an object is ready, has a field, or is gone. It is looked at whenever it changes.

use std::sync::Arc;

use serde_json::Value;
use tokio::time::sleep_until;

use super::waiter::{Step, Waiter};
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::Served;
use crate::provider::kubernetes::ownership;
use crate::provider::kubernetes::problem::{self, About};
use crate::provider::kubernetes::read::{check_namespace, get};
use crate::provider::kubernetes::transport::CallError;
use crate::provider::{Progress, Until, Wait};
use crate::resource::{Live, Problem, Reading};

/// Waits. The object as it then is; `None` where it is gone.
pub(in crate::provider::kubernetes) async fn wait(
    cluster: &Kubernetes,
    wait: &Wait,
    progress: Progress<'_>,
) -> Result<Option<Arc<Live>>, Problem> {
    let identity = &wait.target.identity;
    let Some(served) = cluster.discovery.served(&wait.target).await? else {
        return match wait.until {
            Until::Gone { .. } => Ok(None),
            _ => Err(cluster.unknown_kind(&wait.target).await),
        };
    };
    check_namespace(&served, identity)?;
    let first = first_look(cluster, &served, wait).await?;
    let mut waiter = Waiter::new(cluster, &served, wait, first.as_deref(), progress);
    let version = match first {
        Some(live) => {
            let Step::Wait(_) = waiter.step(Some(&live.object)).await? else {
                return Ok(waiter.finish(Some(live)));
            };
            // What is ready at once needs no copy.
            waiter.keep(Arc::new(live.object.clone()));
            live.stamp.version.clone()
        }
        None => match waiter.step(None).await? {
            Step::Done => return Ok(waiter.finish(None)),
            Step::Wait(_) => String::new(),
        },
    };
    follow(&mut waiter, &version).await
}

/// The object before any watch. Most objects are ready at once, and need none. Those that were just written need not even be
/// read.
async fn first_look(
    cluster: &Kubernetes,
    served: &Served,
    wait: &Wait,
) -> Result<Option<Arc<Live>>, Problem> {
    if let Some(live) = &wait.written {
        return Ok(Some(Arc::clone(live)));
    }
    match get(cluster, served, &wait.target.identity).await {
        Reading::Present(live) => Ok(Some(live)),
        Reading::Absent => Ok(None),
        Reading::Unreadable(problem) => Err(problem),
    }
}

/// Looks at the object whenever it changes, once everything up to a version has been seen.
async fn follow(waiter: &mut Waiter<'_>, version: &str) -> Result<Option<Arc<Live>>, Problem> {
    let mut hub = waiter.join(None);
    let mut changes = hub.subscribe();
    let mut named = false;
    loop {
        changes.mark_unchanged();
        let mut look_again = None;
        if let Some(failure) = hub.failure() {
            match failure {
                // Rights may name single objects.
                CallError::Refused(refusal) if refusal.code == 403 && !named => {
                    named = true;
                    hub = waiter.join(Some(&waiter.identity.name));
                    changes = hub.subscribe();
                    continue;
                }
                failure => {
                    let server_info = &waiter.cluster.transport.server_info;
                    return Err(problem::of(failure, About::new(waiter.identity), server_info));
                }
            }
        }
        waiter.tell_of_watch(hub.transport_error());
        if hub.has_seen(version) {
            let object = hub.object(&waiter.identity.name);
            let is_it = |gone: &Arc<Value>| Some(ownership::stamp(gone).uid.as_str()) == waiter.known_uid();
            let gone = || hub.deleted(&waiter.identity.name).filter(is_it);
            if let Some(seen) = object.clone().or_else(gone) {
                waiter.keep(seen);
            }
            match waiter.step(object.as_deref()).await? {
                Step::Done => {
                    let live = object.map(|object| Arc::new(ownership::live((*object).clone())));
                    return Ok(waiter.finish(live));
                }
                Step::Wait(when) => look_again = when,
            }
        }
        let mut pod_changes = waiter.pod_changes();
        tokio::select! {
            _ = changes.changed() => {}
            () = next_change(&mut pod_changes) => {}
            () = sleep_until(waiter.next_look(look_again)) => {
                if waiter.is_over() {
                    return Err(waiter.timed_out(waiter.last().as_deref()).await);
                }
            }
        }
    }
}

/// The next change of its pods; without pods there is none.
async fn next_change(changes: &mut Option<tokio::sync::watch::Receiver<u64>>) {
    match changes {
        Some(changes) => {
            let _ = changes.changed().await; // an error is the end of that watch: the object's own goes on
        }
        None => std::future::pending().await,
    }
}
