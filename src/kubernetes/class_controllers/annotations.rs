//! How an ingress controller learns the limits that pushes of images need: by annotations of the Ingress.

/// What a controller is to do for a registry.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// How large a body may be, in nginx's notation; `0` is without limit.
    pub body_size: &'a str,
    /// How long it waits for the registry's next bytes, in seconds.
    pub read: u32,
    /// How long it waits until the registry takes further bytes, in seconds.
    pub send: u32,
    /// Whether it ends TLS, so that nobody may come in without.
    pub with_tls: bool,
}

/// What an annotation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
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

/// An annotation: its name, its value, and what it is about.
pub type Annotation = (&'static str, String, About);

/// Of one that serves no Ingress.
pub(super) fn none(_: Limits<'_>) -> Vec<Annotation> {
    Vec::new()
}

/// Source: <https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/>. With TLS it redirects
/// by itself.
pub(super) fn ingress_nginx(limits: Limits<'_>) -> Vec<Annotation> {
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
pub(super) fn f5_nginx(limits: Limits<'_>) -> Vec<Annotation> {
    let own = [
        ("nginx.org/client-max-body-size", limits.body_size.to_owned(), About::Body),
        ("nginx.org/proxy-read-timeout", format!("{}s", limits.read), About::Read),
        ("nginx.org/proxy-send-timeout", format!("{}s", limits.send), About::Send),
    ];
    ingress_nginx(limits).into_iter().chain(own).collect()
}

/// Without the first one it answers 504 for a registry that thinks for more than 15 seconds. Any other time would end a whole
/// answer, such as a pull of a large layer by a slow line. Without the second one it serves plain HTTP beside HTTPS.
/// Source: <https://projectcontour.io/docs/main/config/annotations/>
pub(super) fn contour(limits: Limits<'_>) -> Vec<Annotation> {
    let timeout = ("projectcontour.io/response-timeout", "infinity".to_owned(), About::Controller);
    let redirect = ("ingress.kubernetes.io/force-ssl-redirect", "true".to_owned(), About::Encryption);
    [timeout].into_iter().chain(limits.with_tls.then_some(redirect)).collect()
}

/// Without them it would serve the Ingress at its entry point for plain HTTP as well.
/// Source: <https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/>
pub(super) fn traefik(limits: Limits<'_>) -> Vec<Annotation> {
    let encrypted = [
        ("traefik.ingress.kubernetes.io/router.entrypoints", "websecure".to_owned(), About::Encryption),
        ("traefik.ingress.kubernetes.io/router.tls", "true".to_owned(), About::Encryption),
    ];
    if limits.with_tls { encrypted.into() } else { Vec::new() }
}

/// Without the port it redirects to 8443, where it listens in its own pod, and not to where clients reach it.
/// Source: <https://www.haproxy.com/documentation/kubernetes-ingress/ingress-configuration-reference/>
pub(super) fn haproxy(limits: Limits<'_>) -> Vec<Annotation> {
    let timeout = ("haproxy.org/timeout-server", format!("{}s", limits.read), About::Read);
    let redirect = [
        ("haproxy.org/ssl-redirect", "true".to_owned(), About::Encryption),
        ("haproxy.org/ssl-redirect-port", "443".to_owned(), About::Encryption),
    ];
    [timeout].into_iter().chain(redirect.into_iter().filter(|_| limits.with_tls)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_controller_has_its_own_annotations_and_units() {
        let shown = |annotations: fn(Limits<'_>) -> Vec<Annotation>, with_tls: bool| {
            let limits = Limits { body_size: "2g", read: 900, send: 60, with_tls };
            let lines = annotations(limits).into_iter().map(|(key, value, _)| format!("{key}={value}"));
            lines.collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(shown(contour, true), @r"
        projectcontour.io/response-timeout=infinity
        ingress.kubernetes.io/force-ssl-redirect=true
        ");
        insta::assert_snapshot!(shown(contour, false), @"projectcontour.io/response-timeout=infinity");
        insta::assert_snapshot!(shown(traefik, true), @r"
        traefik.ingress.kubernetes.io/router.entrypoints=websecure
        traefik.ingress.kubernetes.io/router.tls=true
        ");
        insta::assert_snapshot!(shown(haproxy, true), @r"
        haproxy.org/timeout-server=900s
        haproxy.org/ssl-redirect=true
        haproxy.org/ssl-redirect-port=443
        ");
        assert_eq!(shown(traefik, false) + &shown(none, true), "");
    }
}
