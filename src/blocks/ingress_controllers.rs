//! What is known of ingress controllers: which classes are theirs, and by which annotations they learn the limits that
//! pushes of images need.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kubernetes::class_controllers::{
    CONTOUR, ClassController, F5_NGINX, HAPROXY, INGRESS_NGINX, TRAEFIK, called,
};

/// An ingress controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::blocks) enum Controller {
    /// The community's controller (annotations `nginx.ingress.kubernetes.io/…`). It is retired.
    IngressNginx,
    /// F5's controller (annotations `nginx.org/…`).
    F5Nginx,
    /// Contour (annotations `projectcontour.io/…`). It has no limit for bodies.
    Contour,
    /// Traefik. Its limits are those of its entry points, and no annotation changes them.
    Traefik,
    /// `HAProxy`'s controller (annotations `haproxy.org/…`). It has no limit for bodies.
    Haproxy,
    /// Another one, which has its limits from elsewhere.
    Other,
}

/// What a controller is to do for a registry.
#[derive(Debug, Clone, Copy)]
pub(in crate::blocks) struct Limits<'a> {
    /// How large a body may be, in nginx's notation; `0` is without limit.
    pub(in crate::blocks) body_size: &'a str,
    /// How long it waits for the registry's next bytes, in seconds.
    pub(in crate::blocks) read: u32,
    /// How long it waits until the registry takes further bytes, in seconds.
    pub(in crate::blocks) send: u32,
    /// Whether it ends TLS, so that nobody may come in without.
    pub(in crate::blocks) with_tls: bool,
}

/// What an annotation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::blocks) enum About {
    /// How large a body may be.
    Body,
    /// How long the controller waits for the registry.
    Read,
    /// How long it waits until the registry takes more.
    Send,
    /// That plain HTTP is not served.
    Encryption,
    /// The way in which this controller works.
    Controller,
}

impl Controller {
    /// The controller that usually serves a class; `None` for a class that nobody knows.
    pub(in crate::blocks) fn of_class(class: &str) -> Option<Self> {
        match class {
            "contour" => Some(Self::Contour),
            "traefik" => Some(Self::Traefik),
            "haproxy" => Some(Self::Haproxy),
            class if class.contains("nginx") => Some(Self::IngressNginx),
            _ => None,
        }
    }

    /// The controller of this name, as a class tells it (`k8s.io/ingress-nginx`), if it is known.
    pub(in crate::blocks) fn called(name: &str) -> Option<Self> {
        let known = called(name)?;
        let all = [Self::IngressNginx, Self::F5Nginx, Self::Contour, Self::Traefik, Self::Haproxy];
        all.into_iter().find(|controller| controller.installed() == Some(known))
    }

    /// What is known of its installations.
    fn installed(self) -> Option<ClassController> {
        match self {
            Self::IngressNginx => Some(INGRESS_NGINX),
            Self::F5Nginx => Some(F5_NGINX),
            Self::Contour => Some(CONTOUR),
            Self::Traefik => Some(TRAEFIK),
            Self::Haproxy => Some(HAPROXY),
            Self::Other => None,
        }
    }

    /// How people call it.
    pub(in crate::blocks) fn name(self) -> &'static str {
        self.installed().map_or("another controller", |known| known.name)
    }

    /// The class that its usual installation serves. Another class may be that of a second installation, which is reached
    /// elsewhere.
    pub(in crate::blocks) fn usual_class(self) -> Option<&'static str> {
        match self {
            Self::IngressNginx | Self::F5Nginx => Some("nginx"),
            Self::Contour => Some("contour"),
            Self::Traefik => Some("traefik"),
            Self::Haproxy => Some("haproxy"),
            Self::Other => None,
        }
    }

    /// The annotations of an Ingress with these limits.
    pub(in crate::blocks) fn annotations(self, limits: Limits<'_>) -> Vec<(&'static str, String, About)> {
        match self {
            Self::IngressNginx => ingress_nginx(limits),
            Self::F5Nginx => ingress_nginx(limits).into_iter().chain(f5_nginx(limits)).collect(),
            Self::Contour => contour(limits),
            Self::Traefik => traefik(limits),
            Self::Haproxy => haproxy(limits),
            Self::Other => Vec::new(),
        }
    }

    /// Why it should not be used any more; `None` for one that is maintained.
    /// Source: <https://kubernetes.io/blog/2025/11/11/ingress-nginx-retirement/>
    pub(in crate::blocks) fn retirement(self) -> Option<&'static str> {
        match self {
            Self::IngressNginx => Some("ingress-nginx is retired: since March 2026 nobody mends its faults"),
            Self::F5Nginx | Self::Contour | Self::Traefik | Self::Haproxy | Self::Other => None,
        }
    }

    /// The Services by which its usual installation is reached, each as namespace and name; none where this class may be that
    /// of another installation.
    pub(in crate::blocks) fn services(self, class: &str) -> &'static [(&'static str, &'static str)] {
        if self.usual_class() != Some(class) {
            return &[];
        }
        self.installed().map_or(&[], |known| known.services)
    }

    /// Whether `body_size` makes a difference.
    pub(in crate::blocks) fn limits_bodies(self) -> bool {
        matches!(self, Self::IngressNginx | Self::F5Nginx)
    }
}

/// Source: <https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/>. With TLS it redirects
/// by itself.
fn ingress_nginx(limits: Limits<'_>) -> Vec<(&'static str, String, About)> {
    vec![
        ("nginx.ingress.kubernetes.io/proxy-body-size", limits.body_size.to_owned(), About::Body),
        ("nginx.ingress.kubernetes.io/proxy-read-timeout", limits.read.to_string(), About::Read),
        ("nginx.ingress.kubernetes.io/proxy-send-timeout", limits.send.to_string(), About::Send),
        // The controller sends a layer on while it receives it, instead of storing it on its disk first.
        ("nginx.ingress.kubernetes.io/proxy-request-buffering", "off".to_owned(), About::Controller),
    ]
}

/// Source: <https://docs.nginx.com/nginx-ingress-controller/configuration/ingress-resources/advanced-configuration-with-annotations/>.
/// With TLS it redirects by itself.
fn f5_nginx(limits: Limits<'_>) -> Vec<(&'static str, String, About)> {
    vec![
        ("nginx.org/client-max-body-size", limits.body_size.to_owned(), About::Body),
        ("nginx.org/proxy-read-timeout", format!("{}s", limits.read), About::Read),
        ("nginx.org/proxy-send-timeout", format!("{}s", limits.send), About::Send),
    ]
}

/// Without the first one it answers 504 for a registry that thinks for more than 15 seconds, and without the other one it
/// serves plain HTTP beside HTTPS.
/// Source: <https://projectcontour.io/docs/main/config/annotations/>
fn contour(limits: Limits<'_>) -> Vec<(&'static str, String, About)> {
    let timeout = ("projectcontour.io/response-timeout", format!("{}s", limits.read), About::Read);
    let redirect = ("ingress.kubernetes.io/force-ssl-redirect", "true".to_owned(), About::Encryption);
    [timeout].into_iter().chain(limits.with_tls.then_some(redirect)).collect()
}

/// Without them it would serve the Ingress at its entry point for plain HTTP as well.
/// Source: <https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/>
fn traefik(limits: Limits<'_>) -> Vec<(&'static str, String, About)> {
    let encrypted = [
        ("traefik.ingress.kubernetes.io/router.entrypoints", "websecure".to_owned(), About::Encryption),
        ("traefik.ingress.kubernetes.io/router.tls", "true".to_owned(), About::Encryption),
    ];
    if limits.with_tls { encrypted.into() } else { Vec::new() }
}

/// Source: <https://www.haproxy.com/documentation/kubernetes-ingress/ingress-configuration-reference/>
fn haproxy(limits: Limits<'_>) -> Vec<(&'static str, String, About)> {
    let timeout = ("haproxy.org/timeout-server", format!("{}s", limits.read), About::Read);
    let redirect = ("haproxy.org/ssl-redirect", "true".to_owned(), About::Encryption);
    [timeout].into_iter().chain(limits.with_tls.then_some(redirect)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_usually_that_of_one_controller() {
        let of = Controller::of_class;
        assert_eq!(of("nginx"), Some(Controller::IngressNginx));
        assert_eq!(of("nginx-internal"), Some(Controller::IngressNginx));
        assert_eq!(of("contour"), Some(Controller::Contour));
        assert_eq!(of("internal"), None);
    }

    #[test]
    fn a_class_tells_its_controller_by_a_name_of_its_own() {
        let called = Controller::called;
        assert_eq!(called("k8s.io/ingress-nginx"), Some(Controller::IngressNginx));
        assert_eq!(called("nginx.org/ingress-controller"), Some(Controller::F5Nginx));
        assert_eq!(called("projectcontour.io/ingress-controller"), Some(Controller::Contour));
        assert_eq!(called("traefik.io/ingress-controller"), Some(Controller::Traefik));
        assert_eq!(called("haproxy.org/ingress-controller/haproxy"), Some(Controller::Haproxy));
        // Envoy Gateway serves no Ingress.
        assert_eq!(
            [called("gateway.envoyproxy.io/gatewayclass-controller"), called("example.com/x")],
            [None; 2]
        );
    }

    #[test]
    fn only_the_usual_class_is_reached_by_the_usual_services() {
        let first = |controller: Controller, class| controller.services(class).first().copied();
        let ingress_nginx = Some(("ingress-nginx", "ingress-nginx-controller"));
        assert_eq!(first(Controller::IngressNginx, "nginx"), ingress_nginx);
        assert_eq!(first(Controller::F5Nginx, "nginx"), Some(("nginx-ingress", "nginx-ingress-controller")));
        assert_eq!(first(Controller::Contour, "contour"), Some(("projectcontour", "envoy")));
        for class in ["nginx-internal", "internal", "contour"] {
            assert_eq!(first(Controller::IngressNginx, class), None, "{class}");
        }
    }

    #[test]
    fn every_controller_has_its_own_annotations_and_units() {
        let shown = |controller: Controller, with_tls: bool| {
            let limits = Limits { body_size: "2g", read: 900, send: 60, with_tls };
            let lines =
                controller.annotations(limits).into_iter().map(|(key, value, _)| format!("{key}={value}"));
            lines.collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(shown(Controller::Contour, true), @r"
        projectcontour.io/response-timeout=900s
        ingress.kubernetes.io/force-ssl-redirect=true
        ");
        insta::assert_snapshot!(shown(Controller::Contour, false), @"projectcontour.io/response-timeout=900s");
        insta::assert_snapshot!(shown(Controller::Traefik, true), @r"
        traefik.ingress.kubernetes.io/router.entrypoints=websecure
        traefik.ingress.kubernetes.io/router.tls=true
        ");
        insta::assert_snapshot!(shown(Controller::Haproxy, true), @r"
        haproxy.org/timeout-server=900s
        haproxy.org/ssl-redirect=true
        ");
        assert_eq!(shown(Controller::Traefik, false) + &shown(Controller::Other, true), "");
    }
}
