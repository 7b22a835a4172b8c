//! How much room is left in the volume of a claim.

use std::time::Duration;

use serde_json::Value;

use crate::kubernetes::volume_stats::{free_in, nodes_with};
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::encode;
use crate::provider::kubernetes::problem::{self, About};
use crate::provider::kubernetes::transport::Call;
use crate::resource::{Identity, Problem, ProblemKind};

/// For how long one question is repeated. A node that cannot be reached through the server is not waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many bytes are free in the volume of a claim; `None` where no node says it.
///
/// # Errors
/// The pods of its namespace, or their nodes, may not be asked, or the server gives no answer.
pub(in crate::provider::kubernetes) async fn free_space(
    cluster: &Kubernetes,
    claim: &Identity,
) -> Result<Option<u64>, Problem> {
    let namespace = claim.namespace.as_deref().unwrap_or_default();
    let about = Identity::namespaced("", "Pod", namespace, "");
    let pods = answer(cluster, format!("/api/v1/namespaces/{}/pods", encode(namespace)), &about).await?;
    let pods = pods.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    for node in nodes_with(&pods, claim) {
        let path = format!("/api/v1/nodes/{}/proxy/stats/summary", encode(&node));
        match answer(cluster, path, &Identity::cluster("", "Node", &node)).await {
            Ok(summary) => {
                if let Some(free) = free_in(&summary, claim) {
                    return Ok(Some(free));
                }
            }
            // The server has just answered: it is the node that stumbles, as over a file system that it does not know.
            Err(problem) if problem.kind == ProblemKind::Unreachable => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(None)
}

async fn answer(cluster: &Kubernetes, path: String, about: &Identity) -> Result<Value, Problem> {
    let call = Call { budget: Some(PATIENCE), ..Call::get(path) };
    let answer = cluster.transport.send(&call).await;
    let answer =
        answer.map_err(|error| problem::of(error, About::new(about), &cluster.transport.server_info))?;
    Ok(answer.body)
}
