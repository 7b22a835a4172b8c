//! Charts that a registry usually needs, each with the version that was tried and the values that fit regplan.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::blocks::ingress_controllers::Controller;

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
    /// Contour with Envoy, in the namespace `projectcontour`. Its version must be given.
    Contour,
    /// The ingress controller `ingress-nginx` of the community, in the namespace `ingress-nginx`. It is retired. Its version
    /// must be given.
    IngressNginx,
    /// Traefik, in the namespace `traefik`. Its version must be given.
    Traefik,
    /// Envoy Gateway with the definitions of the Gateway API, in the namespace `envoy-gateway-system`. Its version must be
    /// given.
    EnvoyGateway,
}

/// What a preset stands for. Every key of the block wins over it.
pub(super) struct Defaults {
    pub(super) chart: &'static str,
    /// The repository; `None` for a chart of a registry.
    pub(super) repo: Option<&'static str>,
    /// The version that was tried; `None` where none was, so that the block must say it.
    pub(super) version: Option<&'static str>,
    pub(super) namespace: &'static str,
    pub(super) values: Value,
}

impl Preset {
    pub(super) fn defaults(self) -> Defaults {
        match self {
            Self::CertManager => Defaults {
                chart: "cert-manager",
                repo: Some("https://charts.jetstack.io"),
                version: Some("v1.21.2"),
                namespace: "cert-manager",
                values: json!({"crds": {"enabled": true}, "startupapicheck": {"enabled": false}}),
            },
            Self::ExternalDns => Defaults {
                chart: "external-dns",
                repo: Some("https://kubernetes-sigs.github.io/external-dns"),
                version: Some("1.21.1"),
                namespace: "external-dns",
                values: json!({"policy": "upsert-only"}),
            },
            Self::Contour => {
                untried("contour", Some("https://projectcontour.github.io/helm-charts"), "projectcontour")
            }
            Self::IngressNginx => {
                untried("ingress-nginx", Some("https://kubernetes.github.io/ingress-nginx"), "ingress-nginx")
            }
            Self::Traefik => untried("traefik", Some("https://traefik.github.io/charts"), "traefik"),
            Self::EnvoyGateway => {
                untried("oci://docker.io/envoyproxy/gateway-helm", None, "envoy-gateway-system")
            }
        }
    }

    /// The ingress controller that it brings; `None` for anything else.
    pub(super) fn controller(self) -> Option<Controller> {
        match self {
            Self::Contour => Some(Controller::Contour),
            Self::IngressNginx => Some(Controller::IngressNginx),
            Self::Traefik => Some(Controller::Traefik),
            Self::CertManager | Self::ExternalDns | Self::EnvoyGateway => None,
        }
    }
}

/// A chart of which no version was tried, so that it has its own values alone.
fn untried(chart: &'static str, repo: Option<&'static str>, namespace: &'static str) -> Defaults {
    Defaults { chart, repo, version: None, namespace, values: json!({}) }
}
