//! Which pods will not run by waiting, for a wait that ends with the first trouble of that kind.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::events::{Events, events_of};
use crate::kubernetes::{events, pods};
use crate::provider::kubernetes::client::Kubernetes;

/// How long a pod without a node is left to an autoscaler: it looks for such pods every ten seconds, and says so when it
/// adds a node for one.
const FOR_AN_AUTOSCALER: Duration = Duration::from_secs(15);

/// Remembers since when pods have had no node.
#[derive(Default)]
pub(super) struct Hopeless {
    without_node: HashMap<String, Instant>,
}

impl Hopeless {
    /// The names of the pods with a trouble that waiting may not heal, and when to look again. The newest pod stands last.
    pub(super) async fn look(
        &mut self,
        cluster: &Kubernetes,
        pods: &[&Value],
        now: Instant,
    ) -> (Vec<String>, Option<Instant>) {
        let mut found: Vec<&Value> = pods.iter().copied().filter(|pod| pods::may_not_heal(pod)).collect();
        let overdue = self.overdue(pods, now);
        // What holds for one of them holds for the others, and each question is a request.
        if let Some(newest) = overdue.last()
            && !may_get_a_node(cluster, newest).await
        {
            found.extend(overdue);
        }
        let next = self.without_node.values().map(|since| *since + FOR_AN_AUTOSCALER);
        let next = next.filter(|moment| *moment > now).min();
        (found.into_iter().map(|pod| pods::name(pod).to_owned()).collect(), next)
    }

    /// The pods that have had no node for longer than an autoscaler needs to say something.
    fn overdue<'p>(&mut self, pods: &[&'p Value], now: Instant) -> Vec<&'p Value> {
        let without: Vec<&Value> =
            pods.iter().copied().filter(|pod| pods::is_unschedulable(pod) && !pods::is_ending(pod)).collect();
        let before = std::mem::take(&mut self.without_node);
        let mut overdue = Vec::new();
        for pod in without {
            let name = pods::name(pod);
            let since = before.get(name).copied().unwrap_or(now);
            if since + FOR_AN_AUTOSCALER <= now {
                overdue.push(pod);
            }
            self.without_node.insert(name.to_owned(), since);
        }
        overdue
    }
}

/// Whether an autoscaler has said that it adds a node for this pod, or nobody knows.
async fn may_get_a_node(cluster: &Kubernetes, pod: &Value) -> bool {
    let uid = pods::uid(pod).unwrap_or_default();
    let namespace = pod.pointer("/metadata/namespace").and_then(Value::as_str);
    match events_of(cluster, namespace, uid).await {
        Events::Seen { events, .. } => events.iter().any(events::is_of_an_autoscaler),
        Events::Forbidden | Events::Unknown => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[tokio::test]
    async fn each_pod_has_its_own_time_for_an_autoscaler() {
        let pod = |name: &str| {
            json!({"metadata": {"name": name}, "status": {"conditions": [
                {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}})
        };
        let (first, second) = (pod("a"), pod("b"));
        let (mut hopeless, start) = (Hopeless::default(), Instant::now());
        assert!(hopeless.overdue(&[&first], start).is_empty());
        let later = start + FOR_AN_AUTOSCALER;
        assert_eq!(hopeless.overdue(&[&first, &second], later), [&first]);
        assert_eq!(hopeless.overdue(&[&first, &second], later + FOR_AN_AUTOSCALER), [&first, &second]);
        // One that had a node in between starts anew.
        assert!(hopeless.overdue(&[], later).is_empty());
        assert!(hopeless.overdue(&[&first], later + FOR_AN_AUTOSCALER).is_empty());
    }
}
