//! The last lines that the pod of a failed run has written.

use std::time::Duration;

use serde_json::Value;

use super::explain::pods_of;
use crate::kubernetes::conditions::text;
use crate::kubernetes::pods;
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::encode;
use crate::provider::kubernetes::transport::{Body, Call};
use crate::resource::Identity;

/// How many lines are told.
const LINES: usize = 10;
/// How many bytes are read at most.
const BYTES: usize = 16 << 10;
/// For how long logs are asked for. A kubelet that does not answer tells nothing.
const PATIENCE: Duration = Duration::from_secs(5);

/// A log, as it comes.
struct Log(String);

impl Body for Log {
    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self(String::from_utf8_lossy(bytes).into_owned()))
    }
}

/// The last lines of the newest pod of a Job, or of the pod itself, below a line that says whose they are; none where
/// nobody can read them.
pub(super) async fn last_lines(cluster: &Kubernetes, identity: &Identity, object: &Value) -> Vec<String> {
    let found = match pods_of(cluster, identity, object).await {
        Some(found) => found.unwrap_or_default(),
        None if identity.is("", "Pod") => vec![object.clone()],
        None => return Vec::new(),
    };
    let made = |pod: &&Value| pod.pointer("/metadata/creationTimestamp").map(Value::to_string);
    let Some(pod) = found.iter().max_by_key(made) else { return Vec::new() };
    let Some(container) = container(pod) else { return Vec::new() };
    let Some(log) = read(cluster, pod, &container).await else { return Vec::new() };
    let lines: Vec<&str> = log.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return Vec::new();
    }
    let whose = format!("the last lines of {}, container {container}:", pods::name(pod));
    let last = lines.iter().skip(lines.len().saturating_sub(LINES)).map(|line| format!("  {line}"));
    std::iter::once(whose).chain(last).collect()
}

/// The container that has failed, or the first one.
fn container(pod: &Value) -> Option<String> {
    let failed = pods::troubles(pod).into_iter().map(|trouble| trouble.container).next();
    failed.or_else(|| Some(text(pod.pointer("/spec/containers/0")?, "name").to_owned()))
}

async fn read(cluster: &Kubernetes, pod: &Value, container: &str) -> Option<String> {
    let metadata = pod.get("metadata")?;
    let path = format!(
        "/api/v1/namespaces/{}/pods/{}/log?container={}&tailLines={LINES}&limitBytes={BYTES}",
        encode(text(metadata, "namespace")),
        encode(text(metadata, "name")),
        encode(container)
    );
    let call = Call { accept: "*/*", budget: Some(PATIENCE), ..Call::get(path) };
    let answer = tokio::time::timeout(PATIENCE, cluster.transport.send_for::<Log>(&call)).await;
    Some(answer.ok()?.ok()?.body.0)
}
