//! The Services of a registry: the one within the cluster, and the one by which it is reached from outside.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{annotate, lets_in};
use crate::blocks::draft::Draft;
use crate::blocks::types::registry::common::{Registry, path};
use crate::blocks::types::registry::config_yml::PORT;
use crate::blocks::types::registry::options::{LoadBalancer, NodePort};

/// The port of the Service that is reached from outside.
const HTTPS: u16 = 443;

/// How the registry is reached within the cluster.
pub(super) fn internal(registry: &Registry<'_>) -> Draft {
    let (name, port) = (registry.spec.port_name(), registry.spec.service_port());
    registry.draft(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": registry.metadata(&registry.spec.name),
        "spec": {
            "type": "ClusterIP",
            "selector": registry.selector(),
            "ports": [{"name": name, "port": port, "protocol": "TCP", "targetPort": name}],
        },
    }))
}

/// A load balancer.
pub(super) fn balanced(registry: &Registry<'_>, options: &LoadBalancer) -> Draft {
    let port = json!({"name": "https", "port": HTTPS, "protocol": "TCP"});
    let mut draft = external(registry, "load_balancer", "LoadBalancer", port, &options.annotations);
    if let Some(class) = &options.class {
        draft.object["spec"]["loadBalancerClass"] = Value::from(class.as_str());
        draft = registry.set_by(draft, path(&["spec", "loadBalancerClass"]), &["load_balancer", "class"]);
    }
    if !options.source_ranges.is_empty() {
        draft.object["spec"]["loadBalancerSourceRanges"] = json!(options.source_ranges);
        let at = path(&["spec", "loadBalancerSourceRanges"]);
        draft = registry.set_by(draft, at, &["load_balancer", "source_ranges"]);
    }
    draft
}

/// A port of every node.
pub(super) fn at_nodes(registry: &Registry<'_>, options: &NodePort) -> Draft {
    let (name, number) = if registry.spec.ends_tls() { ("https", HTTPS) } else { ("http", PORT) };
    let mut port = json!({"name": name, "port": number, "protocol": "TCP"});
    if let Some(number) = options.port {
        port["nodePort"] = Value::from(number);
    }
    let draft = external(registry, "node_port", "NodePort", port, &options.annotations);
    match options.port {
        Some(_) => {
            let at = path(&["spec", "ports"]).index(0).key("nodePort");
            registry.set_by(draft, at, &["node_port", "port"])
        }
        None => draft,
    }
}

/// A Service that leads from outside to the pods. It aims at the name of their port, which only pods of this sort have.
fn external(
    registry: &Registry<'_>,
    key: &str,
    kind: &str,
    mut port: Value,
    annotations: &BTreeMap<String, String>,
) -> Draft {
    port["targetPort"] = Value::from(registry.spec.port_name());
    let draft = registry.draft(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": registry.metadata(&registry.spec.suffixed("external")),
        "spec": {"type": kind, "selector": registry.selector(), "ports": [port]},
    }));
    let draft = registry.from(draft, path(&["spec"]), &[key]);
    lets_in(registry, annotate(registry, draft, key, annotations))
}
