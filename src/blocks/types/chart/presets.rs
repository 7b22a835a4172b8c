//! Charts that a registry usually needs, each with the version that was tried and the values that fit regplan.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::blocks::ingress_controllers::Controller;
use crate::kubernetes::class_controllers::{CONTOUR, ENVOY_GATEWAY, INGRESS_NGINX, TRAEFIK};

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
    /// The ingress controller `ingress-nginx` of the community, in the namespace `ingress-nginx`, with the class `nginx` and
    /// without its admission webhook. It is retired. Its version must be given.
    IngressNginx,
    /// Traefik, in the namespace `traefik`, with the class `traefik`. Its entry points take as long as a push needs.
    Traefik,
    /// Envoy Gateway with the definitions of the Gateway API, in the namespace `envoy-gateway-system`. It brings no
    /// `GatewayClass`.
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
                // Those of the chart, and what a `[dns]` block makes for it. A Gateway's routes are left to the values: without
                // their definitions external-dns does not start.
                values: json!({"policy": "upsert-only", "sources": ["service", "ingress", "crd"]}),
            },
            // No version of it was tried, so it has the values of its chart alone.
            Self::Contour => Defaults {
                chart: "contour",
                repo: Some("https://projectcontour.github.io/helm-charts"),
                version: None,
                namespace: CONTOUR.namespace(),
                values: json!({}),
            },
            // The version that was tried, 4.11.0, has holes that later ones do not have (CVE-2025-1974), so nobody gets it
            // unasked.
            Self::IngressNginx => Defaults {
                chart: "ingress-nginx",
                repo: Some("https://kubernetes.github.io/ingress-nginx"),
                version: None,
                namespace: INGRESS_NGINX.namespace(),
                values: ingress_nginx(),
            },
            Self::Traefik => Defaults {
                chart: "traefik",
                repo: Some("https://traefik.github.io/charts"),
                version: Some("41.6.0"),
                namespace: TRAEFIK.namespace(),
                values: traefik(),
            },
            Self::EnvoyGateway => Defaults {
                chart: "oci://docker.io/envoyproxy/gateway-helm",
                repo: None,
                version: Some("v1.9.1"),
                namespace: ENVOY_GATEWAY.namespace(),
                values: json!({}),
            },
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

/// The Service has the name by which it is looked for, whatever the block is called. Without the webhook a mistake in an
/// Ingress is found by the controller alone. Its hooks would run both before and after a change, which is refused here.
fn ingress_nginx() -> Value {
    json!({
        "fullnameOverride": "ingress-nginx",
        "controller": {"admissionWebhooks": {"enabled": false}},
    })
}

/// The Service and the class have the name by which they are looked for, whatever the block is called. An entry point
/// ends each request after 60 seconds, also one that is still sending a layer.
/// Source: <https://doc.traefik.io/traefik/reference/install-configuration/entrypoints/>
fn traefik() -> Value {
    let patient = json!({"transport": {"respondingTimeouts": {"readTimeout": "0s"}}});
    json!({
        "fullnameOverride": "traefik",
        "ports": {"web": patient.clone(), "websecure": patient},
    })
}
