//! What Helm has recorded of a release.

use serde_json::Value;

use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::encode;
use crate::provider::kubernetes::problem::{self, About};
use crate::provider::kubernetes::transport::Call;
use crate::resource::{Identity, Problem};

/// The kinds of objects in which Helm keeps revisions, as `HELM_DRIVER` says, each with its name in paths.
/// Source: `pkg/storage/driver/secrets.go` and `cfgmaps.go` of Helm
const KINDS: [(&str, &str); 2] = [("Secret", "secrets"), ("ConfigMap", "configmaps")];

/// The objects in which Helm keeps the revisions of a release.
///
/// # Errors
/// Where they cannot be listed.
pub(in crate::provider::kubernetes) async fn helm_records(
    cluster: &Kubernetes,
    namespace: &str,
    release: &str,
) -> Result<Vec<Value>, Problem> {
    let [secrets, config_maps] = KINDS.map(|kind| records_of(cluster, namespace, release, kind));
    let (secrets, config_maps) = futures::try_join!(secrets, config_maps)?;
    Ok([secrets, config_maps].concat())
}

async fn records_of(
    cluster: &Kubernetes,
    namespace: &str,
    release: &str,
    (kind, plural): (&str, &str),
) -> Result<Vec<Value>, Problem> {
    let path = format!(
        "/api/v1/namespaces/{}/{plural}?labelSelector=owner%3Dhelm%2Cname%3D{}",
        encode(namespace),
        encode(release)
    );
    let identity = Identity::namespaced("", kind, namespace, "");
    let answer = cluster.transport.send(&Call::get(path)).await;
    let answer =
        answer.map_err(|error| problem::of(error, About::new(&identity), &cluster.transport.server_info))?;
    let items = answer.body.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(items.into_iter().map(|item| with_kind(item, kind)).collect())
}

/// The items of a list do not say what they are.
fn with_kind(mut item: Value, kind: &str) -> Value {
    item["apiVersion"] = Value::from("v1");
    item["kind"] = Value::from(kind);
    item
}
