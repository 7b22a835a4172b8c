//! How much room a volume has, as the nodes say on which pods use it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::resource::Identity;

/// The nodes on which pods of this list run that use the volume of a claim.
pub fn nodes_with(pods: &[Value], claim: &Identity) -> BTreeSet<String> {
    let using = pods.iter().filter(|pod| uses(pod, claim));
    using.filter_map(|pod| Some(pod.pointer("/spec/nodeName")?.as_str()?.to_owned())).collect()
}

/// Whether a pod runs that uses the volume of a claim.
pub fn uses(pod: &Value, claim: &Identity) -> bool {
    let is_running = pod.pointer("/status/phase").and_then(Value::as_str) == Some("Running");
    let volumes = pod.pointer("/spec/volumes").and_then(Value::as_array);
    let mut claims = volumes
        .into_iter()
        .flatten()
        .filter_map(|volume| volume.pointer("/persistentVolumeClaim/claimName").and_then(Value::as_str));
    is_running && claims.any(|name| name == claim.name)
}

/// How many bytes are free in the volume of a claim, as the summary of a node says it. A node knows nothing of some sorts of
/// volumes, such as `hostPath`.
/// Source: <https://kubernetes.io/docs/reference/instrumentation/node-metrics/#summary-api-source>
pub fn free_in(summary: &Value, claim: &Identity) -> Option<u64> {
    let pods = summary.get("pods")?.as_array()?;
    let volumes = pods.iter().filter_map(|pod| pod.get("volume")?.as_array()).flatten();
    let of_claim = volumes.filter(|volume| {
        let text = |key: &str| volume.get("pvcRef")?.get(key)?.as_str();
        text("name") == Some(&claim.name) && text("namespace") == claim.namespace.as_deref()
    });
    of_claim.filter_map(|volume| volume.get("availableBytes")?.as_u64()).min()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_nodes_of_a_volume_are_those_of_its_running_pods() {
        let claim = Identity::namespaced("", "PersistentVolumeClaim", "shop", "data");
        let pod = |node: &str, phase: &str, name: &str| {
            json!({"spec": {"nodeName": node, "volumes": [{"name": "a"},
                {"name": "b", "persistentVolumeClaim": {"claimName": name}}]}, "status": {"phase": phase}})
        };
        let pods = [
            pod("one", "Running", "data"),
            pod("one", "Running", "data"),
            pod("two", "Succeeded", "data"),
            pod("three", "Running", "other"),
        ];
        assert_eq!(nodes_with(&pods, &claim), ["one".to_owned()].into());
    }

    #[test]
    fn a_node_tells_the_room_of_the_volume_of_a_claim() {
        let claim = Identity::namespaced("", "PersistentVolumeClaim", "shop", "data");
        let volume = |namespace: &str, name: &str, free: u64| json!({"name": "v", "availableBytes": free, "pvcRef": {"name": name, "namespace": namespace}});
        let summary = json!({"node": {}, "pods": [{"podRef": {}}, {"volume": [{"name": "token", "availableBytes": 1},
            volume("shop", "other", 2), volume("elsewhere", "data", 3), volume("shop", "data", 4)]}]});
        assert_eq!(free_in(&summary, &claim), Some(4));
        let unknown =
            json!({"pods": [{"volume": [{"name": "v", "pvcRef": {"name": "data", "namespace": "shop"}}]}]});
        assert_eq!(free_in(&unknown, &claim), None);
        assert_eq!(free_in(&json!({}), &claim), None);
    }
}
