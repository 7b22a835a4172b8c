//! The limit for bodies of a Gateway, where its controller has one that nothing of a registry changes.

use super::Rules;
use crate::blocks::codes;
use crate::blocks::facts::{Fact, LiveObject, Need};
use crate::blocks::types::registry::options::Gateway;
use crate::kubernetes::class_controllers::client_settings::{ENOUGH, POLICY, is_small};
use crate::kubernetes::class_controllers::{NGINX_GATEWAY_FABRIC, called, named_by};
use crate::resource::{GATEWAY_GROUP, Identity};

impl Rules<'_> {
    /// A layer of an image is one body.
    pub(super) fn body_limit(&mut self, gateway: &Gateway) {
        let spec = self.registry.spec;
        let route =
            Identity::namespaced(GATEWAY_GROUP, "HTTPRoute", spec.namespace.as_str(), spec.route_name());
        let limits = self.registry.declared_body_limits;
        // What is said of the route wins over what is said of its Gateway.
        let said = limits.get_key_value(&route).or_else(|| limits.get_key_value(&spec.gateway(gateway)));
        if said.is_some_and(|(_, limit)| !is_small(limit)) || !self.has_small_bodies() {
            return;
        }
        let key = if gateway.class.is_some() { "class" } else { "name" };
        if let Some((target, limit)) = said {
            return self.warn(
                codes::BODY_LIMIT,
                &["gateway", key],
                format!(
                    "{} takes no body of more than `{limit}`, as the `{POLICY}` for {} says, and a layer of an image is one body",
                    NGINX_GATEWAY_FABRIC.name,
                    target.short_name()
                ),
                &format!("let its `spec.body.maxSize` be \"0\", which is without limit, or \"{ENOUGH}\" or more"),
            );
        }
        self.warn(
            codes::BODY_LIMIT,
            &["gateway", key],
            format!(
                "{} takes no body of more than 1 MiB unless a `{POLICY}` says so, and a layer of an image is one body",
                NGINX_GATEWAY_FABRIC.name
            ),
            &format!(
                "add a `[resource.NAME]` of that kind (`gateway.nginx.org/v1alpha1`) in the namespace `{}`, with `spec.body.maxSize = \
                 \"0\"` and `spec.targetRef` for HTTPRoute `{}`, as docs/exposing.md shows. Where others keep one, all is well",
                spec.namespace, route.name
            ),
        );
    }

    /// Whether the class of the Gateway tells of a controller that limits bodies.
    fn has_small_bodies(&self) -> bool {
        let Some(need) = self.registry.spec.gateway_class_need(self.registry.facts) else { return false };
        let (Need::Live(class), Some(Fact::Live(LiveObject::There(live)))) =
            (&need, self.registry.facts.get(&need))
        else {
            return false;
        };
        let controller = named_by(&class.identity, &live.object).and_then(called);
        controller.is_some_and(|known| known.name == NGINX_GATEWAY_FABRIC.name)
    }
}
