//! The last lines that the pod of a failed run has written.

use serde_json::Value;

use super::explain::pods_of;
use crate::kubernetes::conditions::text;
use crate::kubernetes::pods;
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::pods::{Age, End, log};
use crate::resource::Identity;

/// How many lines are told.
const LINES: usize = 10;
/// What is read.
const LAST: End = End { lines: LINES, bytes: 16 << 10, age: Age::Any };

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
    let Some(log) = log(cluster, pod, &container, LAST).await else { return Vec::new() };
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
