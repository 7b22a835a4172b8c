//! What a run is still to make or to start: that a wait does not find it yet is no trouble.

use crate::kubernetes::class_controllers::may_serve_classes;
use crate::plan::Change;
use crate::resource::{Address, GATEWAY_GROUP, Identity};

/// Whether others may wait for it without depending on it. A run asks that once of each change: there may be thousands.
pub(super) fn may_be_missed(change: &Change) -> bool {
    let identity = &change.target.identity;
    is_asked_for(identity)
        || change.desired.as_ref().is_some_and(|desired| may_serve_classes(identity, &desired.object))
}

fn is_asked_for(identity: &Identity) -> bool {
    identity.is("", "ServiceAccount") || identity.is(GATEWAY_GROUP, "GatewayClass")
}

/// The accounts of pods and the classes of Gateways that are still to be made, and the workloads that are still to start and may be
/// what answers for a class.
pub(super) fn to_come<'c>(
    changes: impl IntoIterator<Item = &'c Change>,
    is_made: impl Fn(&Address) -> bool,
    is_over: impl Fn(&Address) -> bool,
) -> Vec<Identity> {
    let is_to_come = |change: &&Change| {
        if is_asked_for(&change.target.identity) {
            return change.action.writes() && change.prior.is_none() && !is_made(&change.address);
        }
        let is_started = change.action.writes() || change.awaited;
        is_started && !is_over(&change.address) && may_be_missed(change)
    };
    changes.into_iter().filter(is_to_come).map(|change| change.target.identity.clone()).collect()
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
    fn controllers_are_to_come_until_they_are_ready_and_what_they_need_until_it_is_there() {
        let changes = [
            object("v1", "ServiceAccount", "account", &json!({})),
            object("gateway.networking.k8s.io/v1", "GatewayClass", "class", &json!({})),
            object("apps/v1", "Deployment", "controller", &json!({})),
            object("apps/v1", "Deployment", "registry", &json!({"automountServiceAccountToken": false})),
            object("v1", "ConfigMap", "map", &json!({})),
        ]
        .map(|object| create(&object));
        let names = |made: bool, over: bool| -> Vec<String> {
            let found = to_come(&changes, |_| made, |_| over);
            found.into_iter().map(|identity| identity.name).collect()
        };
        assert_eq!(names(false, false), ["account", "class", "controller"]);
        assert_eq!(names(true, false), ["controller"], "it is written, and not ready yet");
        assert!(names(true, true).is_empty());
    }
}
