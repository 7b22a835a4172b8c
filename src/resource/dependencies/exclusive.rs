//! Values that only one object of a cluster can have at a time.

use std::fmt;
use std::net::IpAddr;

use serde_json::Value;

use super::walk::SERVICE;
use crate::resource::{FieldPath, Identity};

/// A value that only one object of a cluster can have at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Exclusive {
    /// A port of all nodes, whatever its protocol and whether traffic or health checks use it.
    NodePort(u64),
    /// The address of a Service in the cluster.
    ClusterIp(IpAddr),
    /// To be the priority class of pods that name none.
    DefaultPriority,
}

impl fmt::Display for Exclusive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NodePort(port) => write!(f, "the node port {port}"),
            Self::ClusterIp(ip) => write!(f, "the cluster IP {ip}"),
            Self::DefaultPriority => f.write_str("the place of the default priority class"),
        }
    }
}

/// The exclusive values that an object has, or asks for, each with its field. What is not known yet is left out.
pub fn exclusive(identity: &Identity, object: &Value) -> Vec<(Exclusive, FieldPath)> {
    if identity.is(SERVICE.0, SERVICE.1) {
        return of_service(object);
    }
    let is_default = object.get("globalDefault").and_then(Value::as_bool) == Some(true);
    if identity.is("scheduling.k8s.io", "PriorityClass") && is_default {
        return vec![(Exclusive::DefaultPriority, FieldPath::keys(["globalDefault"]))];
    }
    Vec::new()
}

fn of_service(object: &Value) -> Vec<(Exclusive, FieldPath)> {
    let Some(spec) = object.get("spec") else { return Vec::new() };
    let mut found: Vec<(Exclusive, FieldPath)> = Vec::new();
    let mut add = |value: Option<Exclusive>, path: FieldPath| {
        // One Service may have a port for several protocols, and names its first address twice.
        if let Some(value) = value.filter(|value| !found.iter().any(|(known, _)| known == value)) {
            found.push((value, path));
        }
    };
    let path = FieldPath::keys(["spec"]);
    let ports = spec.get("ports").and_then(Value::as_array);
    for (index, port) in ports.into_iter().flatten().enumerate() {
        add(node_port(port.get("nodePort")), path.key("ports").index(index).key("nodePort"));
    }
    add(node_port(spec.get("healthCheckNodePort")), path.key("healthCheckNodePort"));
    add(cluster_ip(spec.get("clusterIP")), path.key("clusterIP"));
    let addresses = spec.get("clusterIPs").and_then(Value::as_array);
    for (index, address) in addresses.into_iter().flatten().enumerate() {
        add(cluster_ip(Some(address)), path.key("clusterIPs").index(index));
    }
    found
}

fn node_port(value: Option<&Value>) -> Option<Exclusive> {
    value?.as_u64().filter(|port| *port != 0).map(Exclusive::NodePort)
}

/// `None` and an expression are no addresses.
fn cluster_ip(value: Option<&Value>) -> Option<Exclusive> {
    value?.as_str()?.parse().ok().map(Exclusive::ClusterIp)
}
