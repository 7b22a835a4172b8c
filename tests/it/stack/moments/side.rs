//! A registry before a change, or after it.

use std::fmt;

use http::StatusCode;

use crate::harness::Namespace;

/// By which way a registry is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    Ingress,
    /// The Gateway of somebody else, who ends TLS.
    Gateway,
    /// A Gateway that is made with the registry, and has its certificate from a Secret that is there.
    OwnGateway,
}

impl Way {
    pub(super) const ALL: [Self; 3] = [Self::Ingress, Self::Gateway, Self::OwnGateway];

    /// The ports at which it is reached, in clear and over TLS. Gateways of other tests have the usual ones, and the next ones.
    pub(super) const fn ports(self) -> [u16; 2] {
        match self {
            Self::Ingress => [80, 443],
            Self::Gateway => [82, 445],
            Self::OwnGateway => [83, 446],
        }
    }
}

/// The name of a Gateway that is made with the registry.
pub(super) const OWN_GATEWAY: &str = "own";

/// The Secret with the certificate for such a Gateway.
pub(super) const CERTIFICATE: &str = "own-tls";

/// A registry by what its exposure depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Side {
    /// `None` where it is not reached from outside.
    way: Option<Way>,
    /// Whether it has users. Otherwise everybody may use it.
    has_users: bool,
    has_tls: bool,
}

/// How its pods follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pods {
    /// The old one ends before the new one begins: only one node mounts the volume.
    OneByOne,
    /// The old one ends when the new one is ready, so for a moment there are both.
    SideBySide,
}

impl Side {
    /// Not reached from outside, where everybody may use it.
    pub(super) const NOWHERE: Self = Self { way: None, has_users: false, has_tls: false };
    /// For everybody, in clear.
    pub(super) const OPEN_IN_CLEAR: Self = Self { way: Some(Way::Ingress), has_users: false, has_tls: false };
    /// For whoever sends a password, in clear.
    pub(super) const GUARDED_IN_CLEAR: Self =
        Self { way: Some(Way::Ingress), has_users: true, has_tls: false };

    /// For whoever has a password, over TLS.
    pub(super) const fn guarded(way: Way) -> Self {
        Self { way: Some(way), has_users: true, has_tls: true }
    }

    /// For everybody, over TLS.
    pub(super) const fn open(way: Way) -> Self {
        Self { way: Some(way), has_users: false, has_tls: true }
    }

    /// Whether a Gateway is made with it.
    pub(super) fn has_own_gateway(self) -> bool {
        self.way == Some(Way::OwnGateway)
    }

    /// Whether it is reached by this way, with TLS or without.
    pub(super) fn is_reached(self, way: Way, over_tls: bool) -> bool {
        self.way == Some(way) && self.has_tls == over_tls
    }

    /// Whether everybody may come in by this way, with TLS or without.
    pub(super) fn lets_everybody_in(self, way: Way, over_tls: bool) -> bool {
        self.is_reached(way, over_tls) && !self.has_users
    }

    /// How it answers whoever sends no password.
    pub(super) fn status(self) -> StatusCode {
        if self.has_users { StatusCode::UNAUTHORIZED } else { StatusCode::OK }
    }

    /// Its block. Its name is in the zone `dns.zone`, and `issuer.acme` signs for an Ingress. The Gateway of
    /// somebody else is in this namespace.
    pub(super) fn registry(self, host: &str, pods: Pods, edge: &Namespace) -> String {
        let access = match pods {
            Pods::OneByOne => "ReadWriteOnce",
            Pods::SideBySide => "ReadWriteMany",
        };
        let auth = if self.has_users {
            "auth.users.ci = { env = \"CI_PASSWORD\" }"
        } else {
            "auth.anonymous = true"
        };
        let way = match self.way {
            None => String::new(),
            Some(Way::Ingress) if self.has_tls => {
                "ingress.class = \"contour\"\ndns = \"dns.zone\"\ntls.issuer = \"issuer.acme\"".to_owned()
            }
            Some(Way::Ingress) => "ingress.class = \"contour\"\ndns = \"dns.zone\"".to_owned(),
            Some(Way::OwnGateway) => {
                let [http, https] = Way::OwnGateway.ports();
                format!(
                    "gateway = {{ class = \"{{prefix}}\", name = \"{OWN_GATEWAY}\", ports = {{ http = {http}, https = {https} }} }}\n\
                     dns = \"dns.zone\"\ntls.secret = \"{CERTIFICATE}\""
                )
            }
            Some(Way::Gateway) => edge.fill(
                "gateway = { name = \"public\", namespace = \"{ns}\", redirect_from = \"http\" }\ndns = \"dns.zone\"",
            ),
        };
        format!(
            "\n[registry.main]\nhost = \"{host}\"\nimage = \"registry:3.1.2\"\nstorage.volume = {{ size = \"1Gi\", access_mode = \"{access}\" }}\n{auth}\n{way}\n"
        )
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.way {
            None => "no way",
            Some(Way::Ingress) => "an Ingress",
            Some(Way::Gateway) => "a Gateway",
            Some(Way::OwnGateway) => "a Gateway of its own",
        };
        let users = if self.has_users { "users" } else { "everybody" };
        let tls = if self.has_tls { "with TLS" } else { "without TLS" };
        write!(f, "{way} for {users} {tls}")
    }
}
