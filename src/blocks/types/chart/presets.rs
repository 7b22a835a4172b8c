//! Charts that a registry usually needs, each with the version that was tried and the values that fit regplan.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A chart that is known by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::blocks) enum Preset {
    /// cert-manager with its definitions, in the namespace `cert-manager`. Its own check at the start is left out: an
    /// issuer waits for the webhook by itself.
    CertManager,
    /// external-dns, in the namespace `external-dns`. It makes records and changes them, and deletes none, unless its value
    /// `policy` is `sync`.
    ExternalDns,
}

/// What a preset stands for. Every key of the block wins over it.
pub(super) struct Defaults {
    pub(super) chart: &'static str,
    pub(super) repo: &'static str,
    pub(super) version: &'static str,
    pub(super) namespace: &'static str,
    pub(super) values: Value,
}

impl Preset {
    pub(super) fn defaults(self) -> Defaults {
        match self {
            Self::CertManager => Defaults {
                chart: "cert-manager",
                repo: "https://charts.jetstack.io",
                version: "v1.21.2",
                namespace: "cert-manager",
                values: json!({"crds": {"enabled": true}, "startupapicheck": {"enabled": false}}),
            },
            Self::ExternalDns => Defaults {
                chart: "external-dns",
                repo: "https://kubernetes-sigs.github.io/external-dns",
                version: "1.21.1",
                namespace: "external-dns",
                values: json!({"policy": "upsert-only"}),
            },
        }
    }
}
