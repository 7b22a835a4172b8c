//! A registry before a change, or after it.

use std::fmt;

/// A registry by what its exposure depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Side {
    /// Whether the ingress controller leads to it.
    pub(super) is_exposed: bool,
    /// Whether it has users. Otherwise everybody may use it.
    pub(super) has_users: bool,
    pub(super) has_tls: bool,
}

impl Side {
    /// Its block. Its name is in the zone `dns.zone`, and `issuer.acme` signs for it.
    pub(super) fn registry(self, host: &str) -> String {
        let auth = if self.has_users {
            "auth.users.ci = { env = \"CI_PASSWORD\" }"
        } else {
            "auth.anonymous = true"
        };
        let tls = if self.has_tls { "tls.issuer = \"issuer.acme\"" } else { "" };
        let way = if self.is_exposed { "ingress.class = \"contour\"\ndns = \"dns.zone\"" } else { "" };
        format!(
            "\n[registry.main]\nhost = \"{host}\"\nimage = \"registry:3.1.2\"\nstorage.volume.size = \"1Gi\"\n\
             {auth}\n{tls}\n{way}\n"
        )
    }

    /// Whether everybody may come in at port 80.
    pub(super) fn is_open_in_clear(self) -> bool {
        self.is_exposed && !self.has_users && !self.has_tls
    }

    /// Whether everybody may come in over TLS.
    pub(super) fn is_open_over_tls(self) -> bool {
        self.is_exposed && !self.has_users && self.has_tls
    }

    /// Whether it takes a password in clear.
    pub(super) fn asks_in_clear(self) -> bool {
        self.is_exposed && self.has_users && !self.has_tls
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = if self.is_exposed { "an Ingress" } else { "no way" };
        let users = if self.has_users { "users" } else { "everybody" };
        let tls = if self.has_tls { "with TLS" } else { "without TLS" };
        write!(f, "{way} for {users} {tls}")
    }
}
