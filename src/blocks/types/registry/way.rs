//! By which way a registry is reached, and what its pods say of themselves.
//!
//! | Way | Who ends TLS | Where its address is found |
//! |---|---|---|
//! | `ingress` | the controller | at the controller's Service, or in `status.loadBalancer.ingress` of the Ingress |
//! | `gateway` | the Gateway | in `status.addresses` of the Gateway |
//! | `load_balancer` | the pods | in `status.loadBalancer.ingress` of the Service `NAME-external` |
//! | `node_port` | the pods | at the nodes |
//! | none of them | nobody | within the cluster |

use super::config_yml::PORT;
use super::options::{Gateway, Ingress, LoadBalancer, NodePort};
use super::spec::{RegistrySpec, UserSource};
use crate::blocks::facts::{Fact, Facts, LiveObject, Need};
use crate::resource::{GATEWAY_GROUP, Identity, Target};

/// By which way a registry is reached from outside the cluster.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way<'a> {
    /// By none.
    Cluster,
    Ingress(&'a Ingress),
    Gateway(&'a Gateway),
    LoadBalancer(&'a LoadBalancer),
    NodePort(&'a NodePort),
}

/// The port of the Service before pods that ask for no password.
const OPEN_PORT: u16 = 5001;

/// The question for an object of a kind that is served in its first stable version.
fn live(identity: Identity) -> Need {
    Need::Live(Target { identity, version: Some("v1".to_owned()) })
}

impl RegistrySpec {
    /// The way. The configuration refuses a second one.
    pub(super) fn way(&self) -> Way<'_> {
        let options = &self.options;
        let ingress = options.ingress.as_ref().map(Way::Ingress);
        let gateway = || options.gateway.as_ref().map(Way::Gateway);
        let balancer = || options.load_balancer.as_ref().map(Way::LoadBalancer);
        let port = || options.node_port.as_ref().map(Way::NodePort);
        ingress.or_else(gateway).or_else(balancer).or_else(port).unwrap_or(Way::Cluster)
    }

    /// Where clients reach it, as it stands before the names of images: the host, with the port of the nodes where that is
    /// known.
    pub(in crate::blocks) fn authority(&self) -> String {
        match self.way() {
            Way::NodePort(NodePort { port: Some(port), .. }) => format!("{}:{port}", self.host()),
            _ => self.host().to_owned(),
        }
    }

    /// Whether clients need a port of the nodes that nobody knows before it is there.
    pub(in crate::blocks) fn port_is_chosen_by_the_cluster(&self) -> bool {
        matches!(self.way(), Way::NodePort(NodePort { port: None, .. }))
    }

    /// Whether the pods end TLS themselves.
    pub(in crate::blocks) fn ends_tls(&self) -> bool {
        self.options.tls.is_some() && matches!(self.way(), Way::LoadBalancer(_) | Way::NodePort(_))
    }

    /// The name of the pods' port. It says how one is let in there, so that a Service which aims at one name never leads to
    /// pods of another sort: not while pods are replaced, and not where an apply was cut off.
    pub(super) fn port_name(&self) -> &'static str {
        match (self.users, self.ends_tls()) {
            (UserSource::Nobody, false) => "open",
            (UserSource::Nobody, true) => "open-tls",
            (UserSource::Listed | UserSource::File, false) => "http",
            (UserSource::Listed | UserSource::File, true) => "https",
        }
    }

    /// The number of the port of the Service within the cluster. A route aims at this number, since it cannot aim at a name. So
    /// a route that was made for a registry with users, and is still there, leads nowhere when nobody is asked for a password.
    pub(super) fn service_port(&self) -> u16 {
        match self.users {
            UserSource::Nobody => OPEN_PORT,
            UserSource::Listed | UserSource::File => PORT,
        }
    }

    /// The Gateway.
    pub(super) fn gateway(&self, gateway: &Gateway) -> Identity {
        let namespace = gateway.namespace.as_deref().unwrap_or(&self.namespace);
        let name = gateway.name.as_deref().unwrap_or(&self.name);
        Identity::namespaced(GATEWAY_GROUP, "Gateway", namespace, name)
    }

    /// The question for the Gateway of others, where one is used.
    pub(super) fn gateway_need(&self) -> Option<Need> {
        let Way::Gateway(gateway) = self.way() else { return None };
        let identity = gateway.class.is_none().then(|| self.gateway(gateway))?;
        Some(live(identity))
    }

    /// The question for the class of its Gateway; `None` where there is none, or nobody knows yet which one that is.
    pub(super) fn gateway_class_need(&self, facts: &Facts) -> Option<Need> {
        let Way::Gateway(gateway) = self.way() else { return None };
        let class = gateway.class.as_deref().or_else(|| {
            let Fact::Live(LiveObject::There(live)) = facts.get(&self.gateway_need()?)? else { return None };
            live.object.pointer("/spec/gatewayClassName")?.as_str()
        });
        Some(live(Identity::cluster(GATEWAY_GROUP, "GatewayClass", class?)))
    }

    /// The route to it. A registry that everybody may use has a route of another name: so the one that was there is deleted before the
    /// pods change, and the other one is made when only pods of the new sort are there.
    pub(super) fn route_name(&self) -> String {
        match self.users {
            UserSource::Nobody => self.suffixed("open"),
            UserSource::Listed | UserSource::File => self.name.clone(),
        }
    }

    /// The object, of the block, that tells the address at which the registry is reached, and the field. `None` where it is
    /// found elsewhere: at the nodes, or at a Gateway of others.
    pub(super) fn place_of_address(&self) -> Option<(Identity, &'static [&'static str])> {
        const BALANCED: &[&str] = &["status", "loadBalancer", "ingress"];
        let own = |group: &str, kind: &str, name: &str| {
            Identity::namespaced(group, kind, self.namespace.as_str(), name)
        };
        match self.way() {
            Way::Ingress(_) => Some((own("networking.k8s.io", "Ingress", &self.name), BALANCED)),
            Way::Gateway(gateway) if gateway.class.is_some() => {
                Some((self.gateway(gateway), &["status", "addresses"]))
            }
            Way::LoadBalancer(_) => Some((own("", "Service", &self.suffixed("external")), BALANCED)),
            Way::Gateway(_) | Way::NodePort(_) | Way::Cluster => None,
        }
    }

    /// Whether one of its objects tells it, or the Gateway of others to which it belongs.
    pub(super) fn tells_address(&self) -> bool {
        matches!(self.way(), Way::Gateway(_)) || self.place_of_address().is_some()
    }
}
