//! Which controller serves an ingress class or the class of a Gateway, and where its usual installations are reached.

use serde_json::Value;

use super::conditions::{condition, is_current, said, status};
use crate::resource::{GATEWAY_GROUP, Identity};

/// A controller that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassController {
    /// What it is called.
    pub name: &'static str,
    /// How what its classes name as their controller begins.
    prefixes: &'static [&'static str],
    /// The Services by which its usual installations are reached, each as namespace and name: of its chart, of its
    /// manifests, and of the distributions that bring it.
    pub services: &'static [(&'static str, &'static str)],
}

/// The community's controller. The last Service is that of older versions of minikube.
/// Source: <https://kubernetes.github.io/ingress-nginx/deploy/>
pub const INGRESS_NGINX: ClassController = ClassController {
    name: "ingress-nginx",
    prefixes: &["k8s.io/ingress-nginx"],
    services: &[("ingress-nginx", "ingress-nginx-controller"), ("kube-system", "ingress-nginx-controller")],
};

/// F5's controller.
/// Source: <https://docs.nginx.com/nginx-ingress-controller/installation/installing-nic/>
pub const F5_NGINX: ClassController = ClassController {
    name: "F5 NGINX Ingress Controller",
    prefixes: &["nginx.org/ingress-controller"],
    services: &[("nginx-ingress", "nginx-ingress-controller"), ("nginx-ingress", "nginx-ingress")],
};

/// Contour.
/// Source: <https://projectcontour.io/getting-started/>
pub const CONTOUR: ClassController = ClassController {
    name: "Contour",
    prefixes: &["projectcontour.io/"],
    services: &[("projectcontour", "envoy"), ("projectcontour", "contour-envoy")],
};

/// Traefik. The last Service is that of k3s.
/// Source: <https://doc.traefik.io/traefik/getting-started/kubernetes/>
pub const TRAEFIK: ClassController = ClassController {
    name: "Traefik",
    prefixes: &["traefik.io/"],
    services: &[("traefik", "traefik"), ("kube-system", "traefik")],
};

/// `HAProxy`'s controller.
/// Source: <https://www.haproxy.com/documentation/kubernetes-ingress/community/installation/kubernetes/>
pub const HAPROXY: ClassController = ClassController {
    name: "HAProxy Kubernetes Ingress Controller",
    prefixes: &["haproxy.org/ingress-controller"],
    services: &[("haproxy-controller", "haproxy-kubernetes-ingress")],
};

/// Envoy Gateway: its own Service, since each Gateway has another one of its own.
/// Source: <https://gateway.envoyproxy.io/docs/install/>
pub const ENVOY_GATEWAY: ClassController = ClassController {
    name: "Envoy Gateway",
    prefixes: &["gateway.envoyproxy.io/"],
    services: &[("envoy-gateway-system", "envoy-gateway")],
};

const ALL: [ClassController; 6] = [INGRESS_NGINX, F5_NGINX, CONTOUR, TRAEFIK, HAPROXY, ENVOY_GATEWAY];

/// What an `IngressClass` or a `GatewayClass` names as its controller; `None` for any other object.
pub fn named_by<'v>(identity: &Identity, class: &'v Value) -> Option<&'v str> {
    let place = match (identity.group.as_str(), identity.kind.as_str()) {
        ("networking.k8s.io", "IngressClass") => "/spec/controller",
        (GATEWAY_GROUP, "GatewayClass") => "/spec/controllerName",
        _ => return None,
    };
    class.pointer(place)?.as_str()
}

/// The controller of this name, if it is known.
pub fn called(name: &str) -> Option<ClassController> {
    ALL.into_iter().find(|controller| controller.prefixes.iter().any(|prefix| name.starts_with(prefix)))
}

/// Whether the controller has accepted its class, which only a `GatewayClass` tells.
pub fn has_accepted(class: &Value) -> bool {
    condition(class, "Accepted").is_some_and(|found| status(found) == "True" && is_current(class, found))
}

/// Why a Gateway of this class waits in vain: the class is missing (`None`), or nobody has accepted it.
pub fn without_controller(identity: &Identity, class: Option<&Value>) -> Option<String> {
    match class {
        None => Some(format!("{identity} is missing")),
        Some(class) if has_accepted(class) => None,
        Some(class) => {
            let refusal = condition(class, "Accepted").filter(|found| status(found) == "False");
            let why = refusal.map(|found| format!(": {}", said(found))).unwrap_or_default();
            Some(format!("no controller has accepted {identity}{why}"))
        }
    }
}

/// Whether an object is of a kind as which controllers run.
pub fn may_run(identity: &Identity) -> bool {
    ["Deployment", "DaemonSet", "StatefulSet"].iter().any(|kind| identity.is("apps", kind))
}

/// Whether the pods of an object may be what answers for a class. Who does so asks the API server, and pods that get no login
/// there cannot.
pub fn may_serve_classes(identity: &Identity, object: &Value) -> bool {
    let login = object.pointer("/spec/template/spec/automountServiceAccountToken");
    may_run(identity) && login != Some(&Value::Bool(false))
}

impl ClassController {
    /// The Services by which it is usually reached.
    pub fn usual_services(self) -> impl Iterator<Item = Identity> {
        self.services.iter().map(|(namespace, name)| Identity::namespaced("", "Service", *namespace, *name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_class_that_nobody_has_accepted_is_told() {
        let identity = Identity::cluster(GATEWAY_GROUP, "GatewayClass", "edge");
        let class = |status: &str, reason: &str| {
            json!({"metadata": {"generation": 1}, "status": {"conditions": [
                {"type": "Accepted", "status": status, "reason": reason, "message": "m"}]}})
        };
        let told = |class: Option<&Value>| without_controller(&identity, class);
        let name = "GatewayClass.gateway.networking.k8s.io edge";
        assert_eq!(told(None).unwrap(), format!("{name} is missing"));
        let open = format!("no controller has accepted {name}");
        assert_eq!(told(Some(&json!({}))).unwrap(), open);
        assert_eq!(told(Some(&class("Unknown", "Pending"))).unwrap(), open);
        let refused = told(Some(&class("False", "InvalidParameters"))).unwrap();
        assert_eq!(refused, format!("{open}: Accepted is False, InvalidParameters: m"));
        assert_eq!(told(Some(&class("True", "Accepted"))), None);
    }
}
