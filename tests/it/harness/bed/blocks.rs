//! Blocks of a configuration that lead to what the bed has: the zone that takes updates, and the ACME authority.

use std::fs;

use super::Bed;
use crate::bed::Records;
use crate::harness::{HEAD, Namespace, Project};

/// A proof of names at the ingress controller, as an issuer has it.
pub(crate) const BY_INGRESS: &str = r#"http01 = { class = "contour" }"#;

/// The issuer `issuer.acme` at this ACME server, whose authority is in `acme.pem`. It proves names in this way.
pub(crate) fn acme_issuer(server: &str, proof: &str) -> String {
    format!(
        r#"
[issuer.acme]
scope = "namespace"
acme.server = "{server}"
acme.email = "ops@example.test"
acme.ca_bundle = "acme.pem"
acme.{proof}
"#
    )
}

impl Records {
    /// The value of `rfc2136` for the zone, with the key from this variable.
    pub(crate) fn provider(&self, variable: &str) -> String {
        let Self { server, key, .. } = self;
        format!(r#"{{ server = "{server}", key_name = "{key}", key = {{ env = "{variable}" }} }}"#)
    }

    /// The block of the zone alone, `dns.zone`, with the key from the variable `TSIG_KEY`.
    pub(crate) fn block(&self) -> String {
        format!("\n[dns.zone]\nzone = \"{}\"\nrfc2136 = {}\n", self.zone, self.provider("TSIG_KEY"))
    }
}

impl Bed {
    /// A name in the zone that takes updates which no other test has.
    pub(crate) fn domain(&self, ns: &Namespace) -> String {
        format!("{}.{}", ns.prefix(), self.facts().records.zone)
    }

    /// A project with these blocks, with that zone (`dns.zone`), and with an issuer (`issuer.acme`) that proves names in this
    /// way.
    #[track_caller]
    pub(crate) fn project<'n>(&self, ns: &'n Namespace, proof: &str, blocks: &str) -> Project<'n> {
        let records = &self.facts().records;
        let issuer = acme_issuer(&self.facts().acme, proof);
        let text = format!("{HEAD}{}{issuer}{blocks}", records.block());
        let project = ns.project().write("regplan.toml", &text).env("TSIG_KEY", records.secret.as_str());
        fs::copy(&self.facts().acme_authority, project.path("acme.pem")).unwrap();
        project
    }
}
