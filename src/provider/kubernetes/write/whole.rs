//! A dry-run of an object as a whole, where a server-side apply cannot be tried: what is in its way must change hands
//! first, and no dry-run does both.
//!
//! It is a JSON patch, since that takes the same right as an apply; a PUT would take another one.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Map, Value, json};

use super::reassign::JSON_PATCH;
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::encode;
use crate::provider::kubernetes::problem::{self, About};
use crate::provider::kubernetes::read::check_namespace;
use crate::provider::kubernetes::transport::{Answer, Call, Repeat};
use crate::provider::kubernetes::{ownership, warning};
use crate::provider::{Verb, Whole, Written};
use crate::resource::Problem;

/// What of the metadata is content.
const METADATA: &[&str] = &["annotations", "finalizers", "labels", "ownerReferences"];

/// What is none: it names the object, or is written elsewhere.
const NO_CONTENT: &[&str] = &["apiVersion", "kind", "metadata", "status"];

/// What an update of the object to this whole would come to.
pub(in crate::provider::kubernetes) async fn preview_whole(
    cluster: &Kubernetes,
    whole: &Whole,
) -> Result<Written, Problem> {
    let identity = &whole.target.identity;
    let served = cluster.discovery.served_exactly(&whole.target).await?;
    let Some(served) = served else { return Err(cluster.unknown_kind(&whole.target).await) };
    check_namespace(&served, identity)?;
    let path = format!(
        "{}?fieldManager={}&fieldValidation=Strict&dryRun=All",
        served.object(identity),
        encode(&whole.manager)
    );
    let call = Call { repeat: Repeat::Freely, ..Call::write(Method::PATCH, path, JSON_PATCH, &steps(whole)) };
    match cluster.transport.send(&call).await {
        Ok(Answer { headers, body }) => {
            Ok(Written { live: ownership::live(body), warnings: warning::texts(&headers) })
        }
        Err(failure) => {
            let about = About { identity, sent: Some(&whole.object) };
            let problem = problem::of(failure, about, &cluster.transport.server_info);
            Err(cluster.access.confirm(problem, &[Verb::Patch], &served, identity).await)
        }
    }
}

/// The steps from the object as it was read. No two objects ever have the same version, so it alone is the guard.
fn steps(whole: &Whole) -> Value {
    let (before, after) = (&whole.live.object, &whole.object);
    let content = |object: &Value| {
        let mut content = object.as_object().cloned().unwrap_or_default();
        content.retain(|key, _| !NO_CONTENT.contains(&key.as_str()));
        content
    };
    let metadata = |object: &Value| {
        let mut metadata = object.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
        metadata.retain(|key, _| METADATA.contains(&key.as_str()));
        metadata
    };
    let version = &whole.live.stamp.version;
    let guard = json!({"op": "replace", "path": "/metadata/resourceVersion", "value": version});
    let steps = [guard]
        .into_iter()
        .chain(differences("/metadata/", &metadata(before), &metadata(after)))
        .chain(differences("/", &content(before), &content(after)));
    steps.collect()
}

/// What makes one map of the other.
fn differences(place: &str, before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Value> {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = keys.into_iter().filter(|key| before.get(*key) != after.get(*key));
    let step = |key: &String| {
        let path = format!("{place}{}", key.replace('~', "~0").replace('/', "~1"));
        match after.get(key) {
            Some(value) => json!({"op": "add", "path": path, "value": value}),
            None => json!({"op": "remove", "path": path}),
        }
    };
    changed.map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Identity, Live, Ownership, Stamp, Target};
    use std::sync::Arc;

    #[test]
    fn the_steps_are_guarded_and_touch_only_what_changes() {
        let live = json!({"apiVersion": "v1", "kind": "ConfigMap", "status": {"x": 1}, "data": {"a": "1"},
            "binaryData": {"b": "1"}, "immutable": false,
            "metadata": {"name": "c", "generation": 3, "labels": {"l": "1"}}});
        let after = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "2"}, "immutable": false,
            "metadata": {"name": "c", "annotations": {"n": "1"}}});
        let whole = Whole {
            target: Target { identity: Identity::namespaced("", "ConfigMap", "a", "c"), version: None },
            live: Arc::new(Live {
                object: live,
                stamp: Stamp { uid: "u".into(), version: "7".into() },
                ownership: Ownership::default(),
            }),
            object: after,
            manager: "regplan:p".into(),
        };
        assert_eq!(
            steps(&whole),
            json!([
                {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
                {"op": "add", "path": "/metadata/annotations", "value": {"n": "1"}},
                {"op": "remove", "path": "/metadata/labels"},
                {"op": "remove", "path": "/binaryData"},
                {"op": "add", "path": "/data", "value": {"a": "2"}},
            ])
        );
    }
}
