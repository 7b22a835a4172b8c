//! The pods that carry some labels, and what they have written.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::client::Kubernetes;
use super::discovery::encode;
use super::transport::{Body, Call, CallError};
use crate::kubernetes::conditions::text;

/// For how long a log is asked for. A kubelet that does not answer tells nothing.
const PATIENCE: Duration = Duration::from_secs(5);

/// The end of a log.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    /// So many lines.
    pub(super) lines: usize,
    /// So many bytes of these, from the first one on.
    pub(super) bytes: usize,
    /// How old a line may be, and whether before each stands when it was written.
    pub(super) age: Age,
}

/// How old a line of a log may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Age {
    /// As old as it is; the lines are as they were written.
    Any,
    /// So old. Before each line stands when it was written.
    AtMost(Duration),
}

/// A log, as it comes.
struct Log(String);

impl Body for Log {
    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self(String::from_utf8_lossy(bytes).into_owned()))
    }
}

/// The pods of a namespace that carry all of these labels; a hundred at most.
pub(super) async fn with_labels(
    cluster: &Kubernetes,
    namespace: &str,
    labels: &BTreeMap<String, String>,
) -> Result<Vec<Value>, CallError> {
    let labels: Vec<String> =
        labels.iter().map(|(key, value)| format!("{}%3D{}", encode(key), encode(value))).collect();
    let path = format!(
        "/api/v1/namespaces/{}/pods?limit=100&labelSelector={}",
        encode(namespace),
        labels.join("%2C")
    );
    let answer = cluster.transport.send(&Call::get(path)).await?;
    Ok(answer.body.get("items").and_then(Value::as_array).cloned().unwrap_or_default())
}

/// The end of what a container of a pod has written; `None` where nobody can read it.
pub(super) async fn log(cluster: &Kubernetes, pod: &Value, container: &str, end: End) -> Option<String> {
    let metadata = pod.get("metadata")?;
    let age = match end.age {
        Age::Any => String::new(),
        Age::AtMost(age) => format!("&timestamps=true&sinceSeconds={}", age.as_secs()),
    };
    let path = format!(
        "/api/v1/namespaces/{}/pods/{}/log?container={}&tailLines={}&limitBytes={}{age}",
        encode(text(metadata, "namespace")),
        encode(text(metadata, "name")),
        encode(container),
        end.lines,
        end.bytes
    );
    let call = Call { accept: "*/*", budget: Some(PATIENCE), ..Call::get(path) };
    let answer = tokio::time::timeout(PATIENCE, cluster.transport.send_for::<Log>(&call)).await;
    Some(answer.ok()?.ok()?.body.0)
}
