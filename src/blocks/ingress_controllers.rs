//! The words by which a configuration names an ingress controller, and the facts that each leads to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kubernetes::class_controllers::{
    Annotation, CONTOUR, ClassController, F5_NGINX, HAPROXY, INGRESS_NGINX, Limits, TRAEFIK, called,
    usual_for,
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

impl Controller {
    const KNOWN: [Self; 5] = [Self::IngressNginx, Self::F5Nginx, Self::Contour, Self::Traefik, Self::Haproxy];

    /// The controller that usually serves a class; `None` for a class that nobody knows.
    pub(in crate::blocks) fn of_class(class: &str) -> Option<Self> {
        Self::with(usual_for(class)?)
    }

    /// The controller of this name, as a class tells it (`k8s.io/ingress-nginx`), if it is known.
    pub(in crate::blocks) fn called(name: &str) -> Option<Self> {
        Self::with(called(name)?)
    }

    /// The one with these facts. One that serves no Ingress has no word in the configuration.
    fn with(facts: &ClassController) -> Option<Self> {
        Self::KNOWN.into_iter().find(|controller| controller.name() == facts.name)
    }

    /// What is known of it; `None` of another one.
    pub(in crate::blocks) fn facts(self) -> Option<&'static ClassController> {
        match self {
            Self::IngressNginx => Some(&INGRESS_NGINX),
            Self::F5Nginx => Some(&F5_NGINX),
            Self::Contour => Some(&CONTOUR),
            Self::Traefik => Some(&TRAEFIK),
            Self::Haproxy => Some(&HAPROXY),
            Self::Other => None,
        }
    }

    /// How people call it.
    pub(in crate::blocks) fn name(self) -> &'static str {
        self.facts().map_or("another controller", |facts| facts.name)
    }

    /// The class that its usual installation serves. Another class may be that of a second installation, which is reached
    /// elsewhere.
    pub(in crate::blocks) fn usual_class(self) -> Option<&'static str> {
        self.facts()?.class
    }

    /// The annotations of an Ingress with these limits.
    pub(in crate::blocks) fn annotations(self, limits: Limits<'_>) -> Vec<Annotation> {
        self.facts().map_or_else(Vec::new, |facts| (facts.annotations)(limits))
    }

    /// Why it should not be used any more; `None` for one that is maintained.
    pub(in crate::blocks) fn retirement(self) -> Option<&'static str> {
        self.facts()?.retired
    }

    /// The Services by which its usual installation is reached, each as namespace and name; none where this class may be that
    /// of another installation.
    pub(in crate::blocks) fn services(self, class: &str) -> &'static [(&'static str, &'static str)] {
        let usual = self.facts().filter(|facts| facts.class == Some(class));
        usual.map_or(&[], |facts| facts.services)
    }

    /// Whether `body_size` makes a difference.
    pub(in crate::blocks) fn limits_bodies(self) -> bool {
        self.facts().is_some_and(|facts| facts.limits_bodies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_leads_to_the_facts_of_its_controller() {
        for controller in Controller::KNOWN {
            let facts = controller.facts().unwrap();
            assert_eq!(Controller::with(facts), Some(controller), "{}", facts.name);
        }
        assert_eq!(Controller::of_class("nginx"), Some(Controller::IngressNginx));
        assert_eq!(Controller::called("nginx.org/ingress-controller"), Some(Controller::F5Nginx));
        // Envoy Gateway serves no Ingress.
        let of_gateways = Controller::called("gateway.envoyproxy.io/gatewayclass-controller");
        assert_eq!([of_gateways, Controller::called("example.com/x")], [None; 2]);
        assert!(Controller::Other.facts().is_none());
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
}
