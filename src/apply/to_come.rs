//! What a run is still to make or to start: that a wait does not find it yet is no trouble.

use crate::kubernetes::class_controllers::may_serve_classes;
use crate::plan::Change;
use crate::provider::ToCome;
use crate::resource::{GATEWAY_GROUP, Identity};

/// Whether it is looked for itself: an account of pods, or a class of Gateways. It has come when it is written; any other object
/// when it is ready.
pub(super) fn is_asked_for(identity: &Identity) -> bool {
    identity.is("", "ServiceAccount") || identity.is(GATEWAY_GROUP, "GatewayClass")
}

/// The accounts of pods and the classes of Gateways that a run is to make, and the workloads that it is to start and that may be
/// what answers for a class.
pub(super) fn to_come<'c>(changes: impl IntoIterator<Item = &'c Change>) -> ToCome {
    changes
        .into_iter()
        .filter(|change| is_to_come(change))
        .map(|change| change.target.identity.clone())
        .collect()
}

fn is_to_come(change: &Change) -> bool {
    let identity = &change.target.identity;
    if is_asked_for(identity) {
        return change.action.writes() && change.prior.is_none();
    }
    let is_started = change.action.writes() || change.awaited;
    is_started && change.desired.as_ref().is_some_and(|desired| may_serve_classes(identity, &desired.object))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::testing::create;
    use serde_json::{Value, json};

    fn object(version: &str, kind: &str, name: &str, pod: &Value) -> Value {
        let spec = json!({"template": {"spec": pod}});
        json!({"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "a"}, "spec": spec})
    }

    #[test]
    fn what_pods_and_gateways_ask_for_is_to_come_and_what_may_be_a_controller() {
        let changes = [
            object("v1", "ServiceAccount", "account", &json!({})),
            object("gateway.networking.k8s.io/v1", "GatewayClass", "class", &json!({})),
            object("apps/v1", "Deployment", "controller", &json!({})),
            object("apps/v1", "Deployment", "registry", &json!({"automountServiceAccountToken": false})),
            object("v1", "ConfigMap", "map", &json!({})),
        ]
        .map(|object| create(&object));
        let found = to_come(&changes);
        let names: Vec<&str> = changes
            .iter()
            .map(|change| &change.target.identity)
            .filter(|identity| found.contains(identity))
            .map(|identity| identity.name.as_str())
            .collect();
        assert_eq!(names, ["account", "class", "controller"]);
    }
}
