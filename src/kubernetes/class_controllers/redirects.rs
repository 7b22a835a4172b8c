//! How a controller is told to send plain HTTP on to HTTPS, where no annotation of the Ingress says it: by objects of its own.

use serde_json::{Value, json};

/// Such objects.
#[derive(Debug, Clone, Copy)]
pub struct Redirect {
    /// The group of their kinds.
    pub group: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The kind that says to where requests are sent.
    pub rule: &'static str,
    /// The kind of the route whose requests these are.
    pub route: &'static str,
    /// What the first one says.
    pub rule_spec: fn() -> Value,
    /// What the route says, with this host, by the first one of this name.
    pub route_spec: fn(&str, &str) -> Value,
    /// The annotations by which an Ingress says itself how plain HTTP comes in.
    pub said_by: &'static [&'static str],
}

impl Redirect {
    /// The `apiVersion` of both.
    pub fn api_version(&self) -> String {
        format!("{}/{}", self.group, self.version)
    }

    /// Both kinds as Helm names them: `traefik.io/v1alpha1/Middleware`.
    pub fn apis(&self) -> [String; 2] {
        [self.rule, self.route].map(|kind| format!("{}/{kind}", self.api_version()))
    }
}

/// Of Traefik. Its entry point for plain HTTP is `web` in its chart. A request that claims to have come by HTTPS is passed on, so
/// the route must not lead to a registry: behind it is the service of Traefik that answers nothing. Without the middleware the
/// route is not served.
/// Sources: <https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/redirectscheme/>,
/// <https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/ingressroute/>
pub(super) const BY_TRAEFIK: Redirect = Redirect {
    group: "traefik.io",
    version: "v1alpha1",
    rule: "Middleware",
    route: "IngressRoute",
    rule_spec: || json!({"redirectScheme": {"scheme": "https", "permanent": true}}),
    route_spec: |host, rule| {
        json!({
            "entryPoints": ["web"],
            "routes": [{
                "kind": "Rule",
                "match": format!("Host(`{host}`)"),
                "middlewares": [{"name": rule}],
                "services": [{"kind": "TraefikService", "name": "noop@internal"}],
            }],
        })
    },
    said_by: &[
        "traefik.ingress.kubernetes.io/router.entrypoints",
        "traefik.ingress.kubernetes.io/router.middlewares",
    ],
};
