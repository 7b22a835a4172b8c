//! How a controller is told to send plain HTTP on to HTTPS, where no annotation of the Ingress itself says it: by an object of its
//! own, and by a second Ingress that names it.

use serde_json::{Value, json};

/// Such an object.
#[derive(Debug, Clone, Copy)]
pub struct Redirect {
    /// Its group.
    pub group: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Its kind.
    pub kind: &'static str,
    /// What it says.
    pub spec: fn() -> Value,
    /// The annotations by which an Ingress takes plain HTTP alone, and names the object of this namespace and name.
    pub annotations: fn(&str, &str) -> [(&'static str, String); 2],
}

impl Redirect {
    /// Its `apiVersion`.
    pub fn api_version(&self) -> String {
        format!("{}/{}", self.group, self.version)
    }

    /// The kind as Helm names it: `traefik.io/v1alpha1/Middleware`.
    pub fn api(&self) -> String {
        format!("{}/{}", self.api_version(), self.kind)
    }
}

/// Of Traefik. Its entry point for plain HTTP is `web` in its chart. Where the object is missing, Traefik answers nothing there.
/// Sources: <https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/redirectscheme/>,
/// <https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/>
pub(super) const TRAEFIK_MIDDLEWARE: Redirect = Redirect {
    group: "traefik.io",
    version: "v1alpha1",
    kind: "Middleware",
    spec: || json!({"redirectScheme": {"scheme": "https", "permanent": true}}),
    annotations: |namespace, name| {
        [
            ("traefik.ingress.kubernetes.io/router.entrypoints", "web".to_owned()),
            ("traefik.ingress.kubernetes.io/router.middlewares", format!("{namespace}-{name}@kubernetescrd")),
        ]
    },
};
