//! The controllers that are known: one table of all that is known of each.

use super::ClassController;
use super::annotations::{contour, f5_nginx, haproxy, ingress_nginx, none, traefik};
use super::redirects::BY_TRAEFIK;

/// The community's controller. The last Service is that of older versions of minikube.
/// Source: <https://kubernetes.github.io/ingress-nginx/deploy/>, and for its end
/// <https://kubernetes.io/blog/2025/11/11/ingress-nginx-retirement/>
pub const INGRESS_NGINX: ClassController = ClassController {
    name: "ingress-nginx",
    prefixes: &["k8s.io/ingress-nginx"],
    class: Some("nginx"),
    services: &[("ingress-nginx", "ingress-nginx-controller"), ("kube-system", "ingress-nginx-controller")],
    retired: Some("ingress-nginx is retired: since March 2026 nobody mends its faults"),
    limits_bodies: true,
    annotations: ingress_nginx,
    redirect: None,
};

/// F5's controller.
/// Source: <https://docs.nginx.com/nginx-ingress-controller/installation/installing-nic/>
pub const F5_NGINX: ClassController = ClassController {
    name: "F5 NGINX Ingress Controller",
    prefixes: &["nginx.org/ingress-controller"],
    class: Some("nginx"),
    services: &[("nginx-ingress", "nginx-ingress-controller"), ("nginx-ingress", "nginx-ingress")],
    retired: None,
    limits_bodies: true,
    annotations: f5_nginx,
    redirect: None,
};

/// Contour.
/// Source: <https://projectcontour.io/getting-started/>
pub const CONTOUR: ClassController = ClassController {
    name: "Contour",
    prefixes: &["projectcontour.io/"],
    class: Some("contour"),
    services: &[("projectcontour", "envoy"), ("projectcontour", "contour-envoy")],
    retired: None,
    limits_bodies: false,
    annotations: contour,
    redirect: None,
};

/// Traefik. The last Service is that of k3s.
/// Source: <https://doc.traefik.io/traefik/getting-started/kubernetes/>
pub const TRAEFIK: ClassController = ClassController {
    name: "Traefik",
    prefixes: &["traefik.io/"],
    class: Some("traefik"),
    services: &[("traefik", "traefik"), ("kube-system", "traefik")],
    retired: None,
    limits_bodies: false,
    annotations: traefik,
    redirect: Some(BY_TRAEFIK),
};

/// `HAProxy`'s controller.
/// Source: <https://www.haproxy.com/documentation/kubernetes-ingress/community/installation/kubernetes/>
pub const HAPROXY: ClassController = ClassController {
    name: "HAProxy Kubernetes Ingress Controller",
    prefixes: &["haproxy.org/ingress-controller"],
    class: Some("haproxy"),
    services: &[("haproxy-controller", "haproxy-kubernetes-ingress")],
    retired: None,
    limits_bodies: false,
    annotations: haproxy,
    redirect: None,
};

/// Envoy Gateway: its own Service, since each Gateway has another one of its own.
/// Source: <https://gateway.envoyproxy.io/docs/install/>
pub const ENVOY_GATEWAY: ClassController = ClassController {
    name: "Envoy Gateway",
    prefixes: &["gateway.envoyproxy.io/"],
    class: None,
    services: &[("envoy-gateway-system", "envoy-gateway")],
    retired: None,
    limits_bodies: false,
    annotations: none,
    redirect: None,
};

/// NGINX Gateway Fabric: the Services of its manifests and of its chart, since each Gateway has another one of its own. It has a limit
/// for bodies, and no annotation sets it (`client_settings`).
/// Source: <https://docs.nginx.com/nginx-gateway-fabric/install/>
pub const NGINX_GATEWAY_FABRIC: ClassController = ClassController {
    name: "NGINX Gateway Fabric",
    prefixes: &["gateway.nginx.org/"],
    class: None,
    services: &[("nginx-gateway", "nginx-gateway"), ("nginx-gateway", "ngf-nginx-gateway-fabric")],
    retired: None,
    limits_bodies: false,
    annotations: none,
    redirect: None,
};

/// All of them. Of two with one class, the first is meant where nothing tells more.
pub(super) const ALL: [&ClassController; 7] =
    [&INGRESS_NGINX, &F5_NGINX, &CONTOUR, &TRAEFIK, &HAPROXY, &ENVOY_GATEWAY, &NGINX_GATEWAY_FABRIC];
