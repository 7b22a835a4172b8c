//! Asking for deletion under its guard, also where answers get lost.

use http::Method;
use jiff::Timestamp;
use serde_json::{Map, json};

use super::tries::Tries;
use crate::kubernetes::propagation::Propagation;
use crate::provider::Verb;
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::Served;
use crate::provider::kubernetes::problem::{self, About};
use crate::provider::kubernetes::read::{check_namespace, get, owns_what_is_waited_for};
use crate::provider::kubernetes::transport::{Call, CallError, JSON};
use crate::resource::{Identity, Live, Problem, ProblemKind, Reading, Target};

/// Asks for deletion; what is not there is no error.
pub(in crate::provider::kubernetes) async fn delete(
    cluster: &Kubernetes,
    target: &Target,
    read: &Live,
) -> Result<(), Problem> {
    let (identity, stamp) = (&target.identity, &read.stamp);
    let Some(served) = cluster.discovery.served(target).await? else { return Ok(()) };
    check_namespace(&served, identity)?;
    let mut preconditions = Map::new();
    for (key, value) in [("uid", &stamp.uid), ("resourceVersion", &stamp.version)] {
        if !value.is_empty() {
            preconditions.insert(key.to_owned(), value.clone().into());
        }
    }
    let options = json!({"apiVersion": "v1", "kind": "DeleteOptions",
                         "propagationPolicy": propagation(cluster, identity, read).await.name(),
                         "preconditions": preconditions});
    let call = Call::write(Method::DELETE, served.object(identity), JSON, &options);
    let mut tries = Tries::new(cluster.transport.budget());
    while tries.next().await {
        let Err(failure) = cluster.transport.send(&call).await else { return Ok(()) };
        let is_definite = problem::is_definite(&failure);
        match &failure {
            CallError::Refused(refusal) if problem::is_absence(refusal, identity) => return Ok(()),
            CallError::Refused(refusal) if matches!(refusal.code, 404 | 409) => {}
            _ if is_definite && !tries.unanswered => {
                return Err(explained(cluster, &served, identity, failure).await);
            }
            _ => {}
        }
        match get(cluster, &served, identity).await {
            Reading::Absent => return Ok(()),
            // Somebody, perhaps we ourselves, has asked for it already.
            Reading::Present(live) if live.stamp.uid == stamp.uid && live.is_ending() => return Ok(()),
            Reading::Present(live) if tries.unanswered && live.stamp.uid != stamp.uid => return Ok(()),
            Reading::Present(_) if is_definite => {
                return Err(explained(cluster, &served, identity, failure).await);
            }
            Reading::Present(_) => tries.unanswered = true,
            Reading::Unreadable(problem) => {
                let message = format!("whether {identity} is being deleted is not known: {problem}");
                return Err(Problem::new(ProblemKind::Unreachable, message).caused_by(problem));
            }
        }
    }
    Err(Problem::new(
        ProblemKind::Unreachable,
        format!("the server has not answered any try to delete {identity}"),
    ))
}

/// Whether what the object owns is waited for.
async fn propagation(cluster: &Kubernetes, identity: &Identity, read: &Live) -> Propagation {
    if let Some(known) = Propagation::of(identity, read, Timestamp::now()) {
        return known;
    }
    let namespace = identity.namespace.as_deref();
    if owns_what_is_waited_for(cluster, namespace, &read.stamp.uid).await {
        Propagation::Foreground
    } else {
        Propagation::Background
    }
}

/// What a failure means, rights looked up where it may be about them.
async fn explained(
    cluster: &Kubernetes,
    served: &Served,
    identity: &Identity,
    failure: CallError,
) -> Problem {
    let problem = problem::of(failure, About::new(identity), &cluster.transport.server_info);
    cluster.access.confirm(problem, &[Verb::Delete], served, identity).await
}
