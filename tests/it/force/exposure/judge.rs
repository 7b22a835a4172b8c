//! Who comes in from outside, by what stands in the cluster.

use serde_json::{Value, json};

use super::shape::{Shape, Way};
use crate::harness::{Namespace, wait_until};

/// What is asserted, in words, for `docs/reliability.md`.
pub(crate) const OF_A_WAY: [&str; 2] = [
    "No Ingress, route or Service that is reached from outside leads to a pod without users, unless the configuration before or \
     after the change lets everybody in by this way.",
    "None takes a password in clear, unless the configuration before or after the change does without TLS.",
];

/// A way that leads to a port of a Service.
struct Entry {
    way: Way,
    service: String,
    /// The name or the number of the port.
    port: Value,
    /// Whether TLS ends before the pods.
    is_encrypted: bool,
}

/// Looks at each pod to which a way leads: at once, and when the cluster has done what follows from the last write.
#[track_caller]
pub(super) fn judge(ns: &Namespace, from: Shape, to: Shape, context: &str) {
    look(ns, from, to, context);
    wait_until("the rollout", || is_rolled_out(ns));
    look(ns, from, to, context);
}

/// Whether the only pod of the registry is one of its Deployment as it is now.
pub(crate) fn is_rolled_out(ns: &Namespace) -> bool {
    let deployment = ns.get("deployment/registry");
    let count = |pointer: &str| deployment.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
    let is_seen = count("/status/observedGeneration") >= count("/metadata/generation");
    let counts = ["/status/replicas", "/status/updatedReplicas", "/status/readyReplicas"].map(count);
    let pods = objects(ns, "pods");
    let of_registry =
        pods.iter().filter(|pod| pod["metadata"]["labels"]["app.kubernetes.io/name"] == "registry");
    is_seen && counts == [1; 3] && of_registry.count() == 1
}

#[track_caller]
fn look(ns: &Namespace, from: Shape, to: Shape, context: &str) {
    let pods = objects(ns, "pods");
    for entry in entries(ns) {
        for pod in reached(ns, &entry, &pods) {
            let variables = &pod["spec"]["containers"][0]["env"];
            let has =
                |name: &str| variables.as_array().unwrap().iter().any(|variable| variable["name"] == name);
            let (has_users, ends_tls) = (has("REGISTRY_AUTH"), has("REGISTRY_HTTP_TLS_CERTIFICATE"));
            let in_clear = !entry.is_encrypted && !ends_tls;
            let is_asked_for = [from, to].iter().any(|shape| {
                shape.way == entry.way && if has_users { shape.users && !shape.tls } else { !shape.users }
            });
            let way = entry.way;
            assert!(has_users || is_asked_for, "{context}: {way:?} leads to a pod without users");
            assert!(!has_users || !in_clear || is_asked_for, "{context}: {way:?} takes a password in clear");
        }
    }
}

/// The ways that stand in the namespace.
fn entries(ns: &Namespace) -> Vec<Entry> {
    let mut found = Vec::new();
    for ingress in objects(ns, "ingresses.networking.k8s.io") {
        let service = &ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"];
        // Contour serves plain HTTP beside HTTPS, unless this says that it does not.
        let closes_http =
            ingress["metadata"]["annotations"]["ingress.kubernetes.io/force-ssl-redirect"] == "true";
        found.push(Entry {
            way: Way::Ingress,
            service: service["name"].as_str().unwrap().to_owned(),
            port: service["port"]["name"].clone(),
            is_encrypted: closes_http && ingress["spec"].get("tls").is_some(),
        });
    }
    for route in objects(ns, "httproutes.gateway.networking.k8s.io") {
        let Some(backend) = route["spec"]["rules"][0]["backendRefs"].get(0) else { continue };
        found.push(Entry {
            way: Way::Gateway,
            service: backend["name"].as_str().unwrap().to_owned(),
            port: backend["port"].clone(),
            is_encrypted: route["spec"]["parentRefs"][0]["sectionName"] == "https",
        });
    }
    for service in objects(ns, "services") {
        let way = match service["spec"]["type"].as_str() {
            Some("LoadBalancer") => Way::LoadBalancer,
            Some("NodePort") => Way::NodePort,
            _ => continue,
        };
        found.push(Entry {
            way,
            service: service["metadata"]["name"].as_str().unwrap().to_owned(),
            port: service["spec"]["ports"][0]["port"].clone(),
            is_encrypted: false,
        });
    }
    found
}

/// The pods behind an entry: those that have the port at which its Service aims.
fn reached<'p>(ns: &Namespace, entry: &Entry, pods: &'p [Value]) -> Vec<&'p Value> {
    let Some(service) = ns.find(&format!("service/{}", entry.service)) else { return Vec::new() };
    let ports = service["spec"]["ports"].as_array().unwrap();
    let port = ports.iter().find(|port| port["name"] == entry.port || port["port"] == entry.port);
    let Some(port) = port else { return Vec::new() };
    let selector = service["spec"]["selector"].as_object().unwrap();
    let is_behind = |pod: &&Value| {
        let labels = &pod["metadata"]["labels"];
        let ports = pod["spec"]["containers"][0]["ports"].as_array().unwrap();
        selector.iter().all(|(key, value)| labels.get(key) == Some(value))
            && ports.iter().any(|own| {
                json!([own["name"], own["containerPort"]]).as_array().unwrap().contains(&port["targetPort"])
            })
    };
    pods.iter().filter(is_behind).collect()
}

fn objects(ns: &Namespace, types: &str) -> Vec<Value> {
    ns.cluster().items(&ns.name(), types)
}
