//! Which controller serves an ingress class or the class of a Gateway, and what is known of it.
//!
//! All facts of a controller stand in one place, `known`: a registry and a chart that installs the controller read the same
//! ones.

mod annotations;
pub mod client_settings;
mod known;
pub mod nginx_size;
mod redirects;

use serde_json::Value;

pub use annotations::{About, Annotation, Limits};
pub use known::{CONTOUR, ENVOY_GATEWAY, F5_NGINX, HAPROXY, INGRESS_NGINX, NGINX_GATEWAY_FABRIC, TRAEFIK};
pub use redirects::Redirect;

use super::conditions::{condition, is_current, said, status};
use crate::resource::{GATEWAY_GROUP, Identity};

/// A controller that is known, with all that is known of it.
#[derive(Debug, Clone, Copy)]
pub struct ClassController {
    /// What it is called.
    pub name: &'static str,
    /// How what its classes name as their controller begins.
    prefixes: &'static [&'static str],
    /// The ingress class that its usual installation serves; `None` where it serves no Ingress.
    pub class: Option<&'static str>,
    /// The Services by which its usual installations are reached, each as namespace and name: of its chart, of its
    /// manifests, and of the distributions that bring it.
    pub services: &'static [(&'static str, &'static str)],
    /// Why it should not be used any more; `None` for one that is maintained.
    pub retired: Option<&'static str>,
    /// Whether it has a limit for bodies, which an annotation sets.
    pub limits_bodies: bool,
    /// The annotations by which an Ingress tells it these limits.
    pub annotations: fn(Limits<'_>) -> Vec<Annotation>,
    /// How it sends plain HTTP on to HTTPS, where these annotations do not do that.
    pub redirect: Option<Redirect>,
}

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
pub fn called(name: &str) -> Option<&'static ClassController> {
    let is_it =
        |controller: &&&ClassController| controller.prefixes.iter().any(|prefix| name.starts_with(prefix));
    known::ALL.iter().find(is_it).copied()
}

/// The controller that usually serves an ingress class of this name; `None` for a name that nobody knows. Many classes of
/// ingress-nginx have more in their name.
pub fn usual_for(class: &str) -> Option<&'static ClassController> {
    let by_name = known::ALL.iter().find(|controller| controller.class == Some(class)).copied();
    by_name.or_else(|| class.contains("nginx").then_some(&INGRESS_NGINX))
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
    /// The namespace in which its chart is usually installed.
    pub const fn namespace(&self) -> &'static str {
        self.services[0].0
    }

    /// The Services by which it is usually reached.
    pub fn usual_services(&self) -> impl Iterator<Item = Identity> + use<> {
        self.services.iter().map(|(namespace, name)| Identity::namespaced("", "Service", *namespace, *name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_class_is_usually_that_of_one_controller() {
        let usual = |class| usual_for(class).map(|found| found.name);
        assert_eq!(usual("nginx"), Some(INGRESS_NGINX.name));
        assert_eq!(usual("nginx-internal"), Some(INGRESS_NGINX.name));
        assert_eq!(usual("contour"), Some(CONTOUR.name));
        assert_eq!(usual("internal"), None);
    }

    #[test]
    fn a_class_tells_its_controller_by_a_name_of_its_own() {
        let names = [
            ("k8s.io/ingress-nginx", INGRESS_NGINX),
            ("nginx.org/ingress-controller", F5_NGINX),
            ("projectcontour.io/ingress-controller", CONTOUR),
            ("traefik.io/ingress-controller", TRAEFIK),
            ("haproxy.org/ingress-controller/haproxy", HAPROXY),
            ("gateway.envoyproxy.io/gatewayclass-controller", ENVOY_GATEWAY),
            ("gateway.nginx.org/nginx-gateway-controller", NGINX_GATEWAY_FABRIC),
        ];
        for (name, known) in names {
            assert_eq!(called(name).map(|found| found.name), Some(known.name), "{name}");
        }
        assert!(called("example.com/x").is_none());
    }

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
