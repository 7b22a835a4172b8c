//! Why a certificate is not ready: what stands below it, as far as it can be read.

use serde_json::Value;

use crate::kubernetes::certificates::{self, ACME_GROUP, Below, GROUP};
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::encode;
use crate::provider::kubernetes::transport::Call;
use crate::resource::Identity;

/// The cause; `None` for what is no certificate, and where nothing says one.
pub(super) async fn cause(cluster: &Kubernetes, identity: &Identity, uid: &str) -> Option<String> {
    let namespace = identity.namespace.as_deref().filter(|_| certificates::is_certificate(identity))?;
    let list = |group: &str, kinds: &str| {
        let path = format!("/apis/{group}/v1/namespaces/{}/{kinds}?limit=500", encode(namespace));
        async move {
            // It only explains something: what cannot be read explains nothing.
            let answer = cluster.transport.send(&Call::get(path)).await.ok()?;
            answer.body.get("items").and_then(Value::as_array).cloned()
        }
    };
    let (requests, orders, challenges) = futures::join!(
        list(GROUP, "certificaterequests"),
        list(ACME_GROUP, "orders"),
        list(ACME_GROUP, "challenges")
    );
    let below = Below {
        requests: requests.unwrap_or_default(),
        orders: orders.unwrap_or_default(),
        challenges: challenges.unwrap_or_default(),
    };
    certificates::cause(uid, &below)
}
