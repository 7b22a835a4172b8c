//! Where the nodes of a cluster are reached.

use serde_json::Value;

/// The label of a node that takes nothing from outside.
/// Source: <https://kubernetes.io/docs/reference/labels-annotations-taints/#node-kubernetes-io-exclude-from-external-load-balancers>
const EXCLUDED: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// The addresses at which these nodes are reached from outside, sorted; where no node says one, those by which they reach
/// each other. A node that is being deleted, or takes nothing from outside, is left out.
pub fn addresses(nodes: &[Value]) -> Vec<String> {
    let serving = nodes.iter().filter(|node| {
        let metadata = node.get("metadata");
        let has = |pointer| metadata.and_then(|metadata| metadata.pointer(pointer)).is_some();
        let is_excluded = metadata.and_then(|metadata| metadata.get("labels")?.get(EXCLUDED)).is_some();
        !is_excluded && !has("/deletionTimestamp")
    });
    let all: Vec<&Value> = serving
        .filter_map(|node| node.pointer("/status/addresses").and_then(Value::as_array))
        .flatten()
        .collect();
    let of_type = |wanted: &str| {
        let found = all.iter().filter(|address| address["type"].as_str() == Some(wanted));
        let mut found: Vec<String> =
            found.filter_map(|address| Some(address["address"].as_str()?.to_owned())).collect();
        found.sort_unstable();
        found.dedup();
        found
    };
    let external = of_type("ExternalIP");
    if external.is_empty() { of_type("InternalIP") } else { external }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nodes_are_reached_from_outside_where_they_can_be() {
        let node = |kind: &str, address: &str, labels: Value| {
            let addresses = json!([{"type": "Hostname", "address": "n"}, {"type": kind, "address": address}]);
            json!({"metadata": {"labels": labels}, "status": {"addresses": addresses}})
        };
        let inner = node("InternalIP", "10.0.0.1", json!({}));
        let outer = node("ExternalIP", "192.0.2.1", json!({}));
        let excluded = node("ExternalIP", "192.0.2.9", json!({EXCLUDED: ""}));
        assert_eq!(addresses(&[inner.clone(), outer, excluded.clone()]), ["192.0.2.1"]);
        assert_eq!(addresses(&[inner, excluded]), ["10.0.0.1"]);
        assert!(addresses(&[]).is_empty());
    }
}
