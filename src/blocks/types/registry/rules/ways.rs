//! What no schema can say of the ways by which a registry is reached.

use std::net::IpAddr;

use super::Rules;
use crate::blocks::codes;
use crate::blocks::types::issuer::HttpProof;
use crate::blocks::types::registry::options::{Gateway, GatewayPorts, LoadBalancer, NodePort};
use crate::blocks::types::registry::spec::UserSource;
use crate::blocks::types::registry::way::Way;

/// The class of Gateways that the chart of Traefik brings.
const TRAEFIK_CLASS: &str = "traefik";

impl Rules<'_> {
    /// The way by which the registry is reached.
    pub(super) fn way(&mut self) {
        match self.registry.spec.way() {
            Way::Cluster if self.has_tls() => self.error(
                codes::USELESS_KEY,
                &["tls"],
                "`tls` encrypts what comes from outside the cluster, and there is no way in".to_owned(),
                "add one, as in `ingress.class = \"nginx\"`, or remove `tls`",
            ),
            Way::Cluster => {}
            Way::Ingress(ingress) => {
                self.ingress();
                self.served(ingress);
                self.proof_on_the_way("the Ingress", |proof| match proof {
                    HttpProof::Ingress(Some(class)) => ingress.class.as_ref().is_none_or(|own| own == class),
                    HttpProof::Ingress(None) => true,
                    HttpProof::Gateway(_) => false,
                });
            }
            Way::Gateway(gateway) => {
                self.gateway(gateway);
                self.body_limit(gateway);
                self.proof_on_the_way("the Gateway", |proof| matches!(proof, HttpProof::Gateway(_)));
            }
            Way::LoadBalancer(balancer) => {
                self.encrypted("load_balancer", Anonymous::NeedsTls);
                self.source_ranges(balancer);
            }
            Way::NodePort(options) => {
                self.encrypted("node_port", Anonymous::NeedsNothing);
                self.node_port(options);
            }
        }
    }

    pub(super) fn has_tls(&self) -> bool {
        self.registry.spec.options.tls.is_some()
    }

    pub(super) fn has_users(&self) -> bool {
        self.registry.spec.users != UserSource::Nobody
    }

    fn ingress(&mut self) {
        if !self.has_tls() && self.has_users() {
            self.warn(
                codes::NO_TLS,
                &["ingress"],
                "without `tls`, passwords are sent in clear unless something before the Ingress encrypts them"
                    .to_owned(),
                "add `tls.issuer`, or `tls.secret` where the certificate is there",
            );
        }
    }

    /// The name of the registry leads to one controller. A challenge that another one answers is never found.
    fn proof_on_the_way(&mut self, way: &str, is_on_it: impl Fn(HttpProof<'_>) -> bool) {
        let host = self.registry.spec.host();
        let proof = self.registry.issuer.and_then(|issuer| issuer.proof_by_http(host));
        let Some(proof) = proof.filter(|proof| !is_on_it(*proof)) else { return };
        let answers = match proof {
            HttpProof::Ingress(Some(class)) => format!("an Ingress of the class `{class}`"),
            HttpProof::Ingress(None) => "an Ingress".to_owned(),
            HttpProof::Gateway(name) => format!("the Gateway `{name}`"),
        };
        self.warn(
            codes::UNPROVEN_NAME,
            &["tls", "issuer"],
            format!(
                "the issuer proves {host} at port 80 by {answers}, and that name leads to {way} of the registry: where another \
                 controller serves that, the proof is not found, and the certificate is not renewed"
            ),
            "have the issuer prove the name by the same way (`acme.http01.class` or `acme.http01.gateway`), or by a record \
             (`acme.dns01`)",
        );
    }

    /// What leads to the pods with nothing in between takes no password in clear.
    fn encrypted(&mut self, key: &str, anonymous: Anonymous) {
        let is_needed = self.has_users() || anonymous == Anonymous::NeedsTls;
        if is_needed && !self.has_tls() {
            self.error(
                codes::NO_TLS,
                &[key],
                format!(
                    "`{key}` leads to the pods themselves, and without `tls` they would speak plain HTTP"
                ),
                "add `tls.issuer`, or `tls.secret` where the certificate is there",
            );
        }
        let host = self.registry.spec.host();
        if self.registry.issuer.is_some_and(|issuer| issuer.proof_by_http(host).is_some()) {
            self.warn(
                codes::UNPROVEN_NAME,
                &["tls", "issuer"],
                format!("the issuer proves {host} at port 80 by HTTP, and nothing answers there: `{key}` serves TLS alone"),
                "have it prove the name by a record (`acme.dns01`), as docs/certificates.md says",
            );
        }
    }

    fn gateway(&mut self, gateway: &Gateway) {
        match &gateway.class {
            Some(class) => {
                self.encrypted_gateway();
                self.gateway_ports(class, gateway.ports);
                let useless = [
                    ("listener", gateway.listener.is_some()),
                    ("redirect_from", gateway.redirect_from.is_some()),
                ];
                for (key, _) in useless.into_iter().filter(|(_, is_given)| *is_given) {
                    self.error(
                        codes::USELESS_KEY,
                        &["gateway", key],
                        format!("`gateway.{key}` names a listener of a Gateway that is there, and `class` makes one"),
                        "take it out, or name the Gateway instead of `class`",
                    );
                }
            }
            None => self.existing_gateway(gateway),
        }
    }

    /// Each listener has a port of its own, and Traefik knows no other ports than those of its entry points.
    /// Source: <https://doc.traefik.io/traefik/reference/install-configuration/providers/kubernetes/kubernetes-gateway/>
    fn gateway_ports(&mut self, class: &str, ports: Option<GatewayPorts>) {
        match ports {
            Some(GatewayPorts { http, https }) if http == https => self.error(
                codes::CONFLICTING_KEYS,
                &["gateway", "ports"],
                format!("both listeners would have the port {http}"),
                "choose two ports",
            ),
            None if class == TRAEFIK_CLASS => self.warn(
                codes::REFUSED_ROUTE,
                &["gateway", "class"],
                "Traefik takes a Gateway whose ports are those of its entry points, and the ones of its chart are not 80 and 443"
                    .to_owned(),
                "say the ports: `gateway.ports = { http = 8000, https = 8443 }` for its chart",
            ),
            _ => {}
        }
    }

    /// A Gateway that is made here takes no password in clear.
    fn encrypted_gateway(&mut self) {
        if self.has_users() && !self.has_tls() {
            self.error(
                codes::NO_TLS,
                &["gateway"],
                "without `tls`, the Gateway would take passwords in clear".to_owned(),
                "add `tls.issuer`, or `tls.secret` where the certificate is there",
            );
        }
    }

    /// A Gateway that is somebody else's.
    fn existing_gateway(&mut self, gateway: &Gateway) {
        if gateway.ports.is_some() {
            self.error(
                codes::USELESS_KEY,
                &["gateway", "ports"],
                "the Gateway is somebody else's, and has its own ports".to_owned(),
                "take them out, or let the Gateway be made: `gateway.class`",
            );
        }
        if gateway.name.is_none() {
            self.error(
                codes::BAD_VALUE,
                &["gateway"],
                "`gateway` says neither which Gateway is used nor of which class one is made".to_owned(),
                "add `gateway.name` (and `namespace`) for one that is there, or `gateway.class`",
            );
        }
        if self.has_tls() {
            self.error(
                codes::USELESS_KEY,
                &["tls"],
                "a Gateway that is there has a certificate of its own, so nothing would use this one"
                    .to_owned(),
                "remove `tls`, or let the Gateway be made: `gateway.class`",
            );
        }
        if !gateway.annotations.is_empty() {
            self.error(
                codes::USELESS_KEY,
                &["gateway", "annotations"],
                "the Gateway is somebody else's, and keeps its annotations".to_owned(),
                "take them out, or let the Gateway be made: `gateway.class`",
            );
        }
        if gateway.redirect_from.is_some() && gateway.redirect_from.as_deref() == Some(gateway.listener()) {
            self.error(
                codes::CONFLICTING_KEYS,
                &["gateway", "redirect_from"],
                "a listener cannot send its own requests on to itself".to_owned(),
                "name the listener for plain HTTP",
            );
        }
        self.listeners(gateway);
    }

    /// A dry-run asks only whether the port is taken, and not whether it lies in the range of the cluster. So the server would
    /// refuse it in the apply, when the old way is gone.
    fn node_port(&mut self, options: &NodePort) {
        let Some(range) = options.range() else {
            let text = options.range.as_deref().unwrap_or_default();
            return self.error(
                codes::BAD_VALUE,
                &["node_port", "range"],
                format!(
                    "`{text}` is no range of ports: the first one is the lower one, and none is above 65535"
                ),
                "write the range of the API server (`--service-node-port-range`): `30000-32767`",
            );
        };
        let Some(port) = options.port.filter(|port| !range.contains(port)) else { return };
        let (first, last) = (range.start(), range.end());
        let help = match options.range {
            Some(_) => {
                "take a port within `node_port.range`, or leave `port` out: the server chooses a free one"
            }
            None => {
                "take a port of that range, or leave `port` out: the server chooses a free one. Where the API server has another \
                 range (`--service-node-port-range`), name it with `node_port.range`"
            }
        };
        self.error(
            codes::BAD_VALUE,
            &["node_port", "port"],
            format!("the port {port} is outside of the range for ports of the nodes, {first} to {last}"),
            help,
        );
    }

    fn source_ranges(&mut self, balancer: &LoadBalancer) {
        for range in &balancer.source_ranges {
            if let Err(why) = cidr(range) {
                self.error(
                    codes::BAD_VALUE,
                    &["load_balancer", "source_ranges"],
                    format!("`{range}` is no range of addresses: {why}"),
                    "write an address and how many bits of it count: `10.0.0.0/8`",
                );
            }
        }
    }
}

/// What a way asks of a registry that everybody may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Anonymous {
    /// That it is encrypted as well.
    NeedsTls,
    /// Nothing: there is no password.
    NeedsNothing,
}

/// Whether a text is a range of addresses, as a Service takes it.
fn cidr(text: &str) -> Result<(), &'static str> {
    let (address, bits) = text.split_once('/').ok_or("it has no `/`")?;
    let address: IpAddr = address.parse().map_err(|_| "what stands before `/` is no address")?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits: u8 = bits.parse().map_err(|_| "what stands behind `/` is no number")?;
    if bits > most { Err("it has more bits than the address") } else { Ok(()) }
}
