//! A registry before a change, or after it.

use std::fmt;

use crate::harness::Namespace;

/// By which way a registry is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Ingress,
    /// The Gateway of somebody else, who ends TLS.
    Gateway,
}

/// A registry by what its exposure depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Side {
    /// `None` where it is not reached from outside.
    pub(super) way: Option<Way>,
    /// Whether it has users. Otherwise everybody may use it.
    pub(super) has_users: bool,
    pub(super) has_tls: bool,
}

impl Side {
    pub(super) const fn none() -> Self {
        Self { way: None, has_users: false, has_tls: false }
    }

    /// For whoever has a password, over TLS.
    pub(super) const fn guarded(way: Way) -> Self {
        Self { way: Some(way), has_users: true, has_tls: true }
    }

    /// For everybody, over TLS.
    pub(super) const fn open(way: Way) -> Self {
        Self { way: Some(way), has_users: false, has_tls: true }
    }

    /// For everybody, in clear.
    pub(super) const fn open_in_clear(way: Way) -> Self {
        Self { way: Some(way), has_users: false, has_tls: false }
    }

    /// Its block. Its name is in the zone `dns.zone`, and `issuer.acme` signs for an Ingress. The Gateway is in this namespace.
    pub(super) fn registry(self, host: &str, edge: &Namespace) -> String {
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
            Some(Way::Gateway) => edge.fill(
                "gateway = { name = \"public\", namespace = \"{ns}\", redirect_from = \"http\" }\ndns = \"dns.zone\"",
            ),
        };
        format!(
            "\n[registry.main]\nhost = \"{host}\"\nimage = \"registry:3.1.2\"\nstorage.volume.size = \"1Gi\"\n{auth}\n{way}\n"
        )
    }

    /// Whether everybody may come in by this way without TLS.
    pub(super) fn is_open_in_clear(self, way: Way) -> bool {
        self.way == Some(way) && !self.has_users && !self.has_tls
    }

    /// Whether everybody may come in by this way over TLS.
    pub(super) fn is_open_over_tls(self, way: Way) -> bool {
        self.way == Some(way) && !self.has_users && self.has_tls
    }

    /// Whether it takes a password in clear by this way.
    pub(super) fn asks_in_clear(self, way: Way) -> bool {
        self.way == Some(way) && self.has_users && !self.has_tls
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.way {
            None => "no way",
            Some(Way::Ingress) => "an Ingress",
            Some(Way::Gateway) => "a Gateway",
        };
        let users = if self.has_users { "users" } else { "everybody" };
        let tls = if self.has_tls { "with TLS" } else { "without TLS" };
        write!(f, "{way} for {users} {tls}")
    }
}
