//! Fields get other owners: a JSON patch of `metadata.managedFields` under its guard.
//!
//! Server-side apply cannot do this. A sole owner that leaves a field out resets it. A second manager that
//! applies it first would keep its value, but would go on to own every list item around it, and the field
//! itself when it is dropped later. The server takes `managedFields` that are written, and so does
//! client-go, whose `csaupgrade` moves fields from `kubectl apply` this way.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::lost_write::overtaken;
use super::managed;
use crate::kubernetes::marks::KUBECTL_NOTE;
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::{Served, encode};
use crate::provider::kubernetes::ownership;
use crate::provider::kubernetes::problem::{self, About};
use crate::provider::kubernetes::read::check_namespace;
use crate::provider::kubernetes::transport::{Call, CallError};
use crate::provider::{Reassignment, Shift, Verb};
use crate::resource::{Live, Problem, ProblemKind};

/// How often an object is looked at anew: where it moved meanwhile, and where an answer was lost.
const TRIES: u32 = 5;
/// Before the second try; before each further one that much more.
const PAUSE: Duration = Duration::from_millis(200);

/// The form of a patch that names each step.
pub(in crate::provider::kubernetes) const JSON_PATCH: &str = "application/json-patch+json";

/// Changes who owns fields; the object afterwards.
pub(in crate::provider::kubernetes) async fn reassign(
    cluster: &Kubernetes,
    reassignment: &Reassignment,
) -> Result<Live, Problem> {
    let identity = &reassignment.target.identity;
    let served = cluster.discovery.served_exactly(&reassignment.target).await?;
    let Some(served) = served else { return Err(cluster.unknown_kind(&reassignment.target).await) };
    check_namespace(&served, identity)?;
    let stamp = &reassignment.stamp;
    let mut unanswered = false;
    for attempt in 0..TRIES {
        sleep(PAUSE * attempt).await;
        let object = look(cluster, &served, reassignment).await?;
        let found = ownership::stamp(&object);
        let moved = !stamp.version.is_empty() && found.version != stamp.version;
        // After a lost answer, the version may have been moved by ourselves.
        if found.uid != stamp.uid || (moved && !unanswered) {
            return Err(changed(reassignment));
        }
        let Some(steps) = patch(&object, reassignment) else { return Ok(ownership::live(object)) };
        if moved {
            return Err(overtaken(identity));
        }
        let path = format!("{}?fieldManager={}", served.object(identity), encode(&reassignment.manager));
        let call = Call::write(Method::PATCH, path, JSON_PATCH, &steps);
        let failure = match cluster.transport.send(&call).await {
            Ok(answer) => return Ok(ownership::live(answer.body)),
            Err(failure) => failure,
        };
        match &failure {
            CallError::Refused(refusal) if refusal.code == 409 => {}
            failure if !problem::is_definite(failure) => unanswered = true,
            _ => return Err(explained(cluster, &served, reassignment, failure).await),
        }
    }
    let message = format!("{identity} has been changed by others all the time, or the server gave no answer");
    Err(Problem::new(ProblemKind::Unreachable, message)
        .help("run the same command again: it looks before it writes"))
}

/// The object with its `managedFields`.
async fn look(cluster: &Kubernetes, served: &Served, reassignment: &Reassignment) -> Result<Value, Problem> {
    let identity = &reassignment.target.identity;
    match cluster.transport.send(&Call::get(served.object(identity))).await {
        Ok(answer) => Ok(answer.body),
        Err(CallError::Refused(refusal)) if refusal.code == 404 => Err(changed(reassignment)),
        Err(failure) => {
            let problem = problem::of(failure, About::new(identity), &cluster.transport.server_info);
            Err(cluster.access.confirm(problem, &[Verb::Get], served, identity).await)
        }
    }
}

async fn explained(
    cluster: &Kubernetes,
    served: &Served,
    reassignment: &Reassignment,
    failure: CallError,
) -> Problem {
    let identity = &reassignment.target.identity;
    let problem = problem::of(failure, About::new(identity), &cluster.transport.server_info);
    cluster.access.confirm(problem, &[Verb::Patch], served, identity).await
}

fn changed(reassignment: &Reassignment) -> Problem {
    let message = format!("{} has been changed, or is gone, in the meantime", reassignment.target.identity);
    Problem::new(ProblemKind::Conflict, message)
}

/// The patch; `None` where every field has the right owner already.
///
/// A `test` of the version that fails would be a 422 like many others; an old version that is written is the
/// 409 of every lost race.
fn patch(object: &Value, reassignment: &Reassignment) -> Option<Value> {
    let entries = object.pointer("/metadata/managedFields").and_then(Value::as_array)?;
    let stamp = ownership::stamp(object);
    let manager = reassignment.manager.as_str();
    let (changed, note_goes) = match &reassignment.shift {
        Shift::Release(fields) => (managed::release(entries, manager, fields), false),
        Shift::Take(fields) => (managed::take(entries, manager, fields, object), false),
        Shift::TakeOver { from, object: sent } => {
            let noted = |object: &Value| {
                object.pointer("/metadata/annotations").is_some_and(|notes| notes.get(KUBECTL_NOTE).is_some())
            };
            (managed::take_over(entries, from, manager, sent), noted(object) && !noted(sent))
        }
    };
    if changed.is_none() && !note_goes {
        return None;
    }
    let mut steps = vec![
        json!({"op": "test", "path": "/metadata/uid", "value": stamp.uid}),
        json!({"op": "replace", "path": "/metadata/resourceVersion", "value": stamp.version}),
    ];
    if let Some(changed) = changed {
        steps.push(json!({"op": "replace", "path": "/metadata/managedFields", "value": changed}));
    }
    if note_goes {
        let key = KUBECTL_NOTE.replace('/', "~1");
        steps.push(json!({"op": "remove", "path": format!("/metadata/annotations/{key}")}));
    }
    Some(Value::Array(steps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Identity, Stamp, Target};

    #[test]
    fn every_patch_is_guarded_and_takes_the_note_of_kubectl_along() {
        let owned = json!({"f:data": {"f:a": {}}});
        let object = json!({"metadata": {"uid": "u", "resourceVersion": "7",
            "annotations": {KUBECTL_NOTE: "{}"},
            "managedFields": [{"manager": "kubectl", "operation": "Update", "fieldsV1": owned}]}});
        let mut reassignment = Reassignment {
            target: Target { identity: Identity::namespaced("", "ConfigMap", "a", "c"), version: None },
            stamp: Stamp { uid: "u".into(), version: "7".into() },
            manager: "regplan:p".into(),
            shift: Shift::TakeOver { from: vec!["kubectl".into()], object: json!({"data": {"a": "b"}}) },
        };
        let steps = patch(&object, &reassignment).unwrap();
        assert_eq!(steps[0]["path"], "/metadata/uid");
        assert_eq!(steps[1], json!({"op": "replace", "path": "/metadata/resourceVersion", "value": "7"}));
        assert_eq!(steps[2]["value"][0]["manager"], "regplan:p");
        let note = "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";
        assert_eq!(steps[3], json!({"op": "remove", "path": note}));
        reassignment.shift = Shift::Release(vec!["data.a".parse().unwrap()]);
        assert_eq!(patch(&object, &reassignment), None, "it is not ours");
    }
}
