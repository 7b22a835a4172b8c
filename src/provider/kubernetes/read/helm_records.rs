//! What Helm has recorded of a release.

use serde_json::Value;

use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::encode;
use crate::provider::kubernetes::problem::{self, About};
use crate::provider::kubernetes::transport::Call;
use crate::resource::{Identity, Problem};

/// The Secrets in which Helm keeps the revisions of a release.
/// Source: `pkg/storage/driver/secrets.go` of Helm
///
/// # Errors
/// Where they cannot be listed.
pub(in crate::provider::kubernetes) async fn helm_records(
    cluster: &Kubernetes,
    namespace: &str,
    release: &str,
) -> Result<Vec<Value>, Problem> {
    let path = format!(
        "/api/v1/namespaces/{}/secrets?labelSelector=owner%3Dhelm%2Cname%3D{}",
        encode(namespace),
        encode(release)
    );
    let identity = Identity::namespaced("", "Secret", namespace, "");
    let answer = cluster.transport.send(&Call::get(path)).await;
    let answer =
        answer.map_err(|error| problem::of(error, About::new(&identity), &cluster.transport.server_info))?;
    let items = answer.body.get("items").and_then(Value::as_array);
    Ok(items.cloned().unwrap_or_default())
}
