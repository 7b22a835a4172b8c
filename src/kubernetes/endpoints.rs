//! Endpoints that a controller fills in, and those that users write.

use serde_json::{Map, Value};

/// The label of Endpoints that the controller has written (Kubernetes 1.33 and newer).
const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";

/// The annotation of Endpoints by which a program takes the lead, as was done before there were Leases.
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";

/// Whether the object is a Service whose pods a controller writes into Endpoints of the same name: it chooses them by their
/// labels. Those of any other Service are for users to write.
/// Source: <https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors>
pub fn fills_in_endpoints(object: &Value) -> bool {
    let selector = object.pointer("/spec/selector").and_then(Value::as_object);
    object["apiVersion"] == "v1" && object["kind"] == "Service" && selector.is_some_and(|map| !map.is_empty())
}

/// Whether Endpoints say of themselves that a program has written them.
pub fn is_filled_in(endpoints: &Value) -> bool {
    let has = |pointer, key| {
        endpoints
            .pointer(pointer)
            .and_then(Value::as_object)
            .is_some_and(|map: &Map<_, _>| map.contains_key(key))
    };
    has("/metadata/labels", MANAGED_BY) || has("/metadata/annotations", LEADER)
}
