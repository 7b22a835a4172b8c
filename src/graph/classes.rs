//! What has a class comes after the controller of that class: an Ingress gets no address from one that does not run yet, and
//! nobody comes in. The controller is taken to be what runs in the block that makes the class. An issuer that proves names by a
//! class does not wait: what runs there may wait for a certificate of that issuer.

use super::edge_reason::{EdgeReason, RawEdge};
use crate::kubernetes::certificates::is_issuer;
use crate::kubernetes::class_controllers::may_run;
use crate::resource::dependencies::Strength;
use crate::resource::{Desired, Identity};

/// What follows from these edges. `block` gives the numbers of all resources in the block of one.
pub(super) fn controllers(
    desired: &[Desired],
    edges: &[RawEdge],
    block: impl Fn(&Desired) -> Vec<usize>,
) -> Vec<RawEdge> {
    let mut found = Vec::new();
    for (from, class, reason) in edges {
        let (EdgeReason::Inferred { path, .. }, Some(class)) = (reason, desired.get(*class)) else {
            continue;
        };
        if !is_class(&class.identity) || is_issuer(&desired[*from].identity) {
            continue;
        }
        let is_controller = |other: &usize| other != from && may_run(&desired[*other].identity);
        found.extend(block(class).into_iter().filter(is_controller).map(|controller| {
            let through = Some(class.address.clone());
            (
                *from,
                controller,
                EdgeReason::Inferred { path: path.clone(), strength: Strength::Useful, through },
            )
        }));
    }
    found
}

/// Whether an object is a class by which who serves requests from outside is chosen.
fn is_class(identity: &Identity) -> bool {
    identity.is("networking.k8s.io", "IngressClass")
        || identity.is("gateway.networking.k8s.io", "GatewayClass")
}
