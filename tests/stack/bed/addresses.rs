//! The addresses of a bed. They exist in its network namespace alone, so every bed has the same ones.

/// The node, on which everything listens that is no pod. It is no loopback address: Kubernetes allows none of these
/// as the address of an endpoint.
pub(super) const NODE: &str = "10.99.0.1";

/// What the cloud of a journey gives to every Service of type `LoadBalancer`. kube-proxy serves it; nobody has it.
pub(super) const BALANCER: &str = "10.99.0.2";

/// Where nothing listens from the beginning, whatever else the ports of the node are used for: at the one, tests play Let's
/// Encrypt, and at the other stands what is reached through a Gateway.
pub(super) const LETS_ENCRYPT: &str = "10.99.0.3";
pub(super) const GATEWAY: &str = "10.99.0.4";

/// The second name server of a zone.
pub(super) const FOLLOWER: &str = "10.99.0.5";

/// The addresses of the pods, and the one of the bridge to them.
pub(super) const PODS: &str = "10.244.0.0/24";
pub(super) const BRIDGE: &str = "10.244.0.1";

/// The name of that bridge.
pub(super) const BRIDGE_NAME: &str = "pods0";

/// The zone whose names all lead to the ingress controller.
pub(super) const ZONE: &str = "example.test";

/// The zone of the ACME servers of Let's Encrypt.
pub(super) const AUTHORITIES: &str = "api.letsencrypt.org";

/// The zone that is empty, and takes updates.
pub(super) const RECORDS: &str = "example.com";

/// The zone that has two name servers. It is empty and takes updates, too.
pub(super) const FOLLOWED: &str = "example.org";

/// The address of a pod: the first one has number 1.
pub(super) fn pod(number: u8) -> String {
    format!("10.244.0.{}", u16::from(number) + 1)
}
