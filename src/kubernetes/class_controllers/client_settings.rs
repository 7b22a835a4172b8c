//! The limit for bodies of NGINX Gateway Fabric: 1 MiB, which nginx has by itself, unless a `ClientSettingsPolicy` says another one.
//! Source: <https://docs.nginx.com/nginx-gateway-fabric/traffic-management/client-settings/>

use serde_json::Value;

use super::nginx_size::bytes;
use crate::resource::{GATEWAY_GROUP, Identity};

/// The group of the policy.
const GROUP: &str = "gateway.nginx.org";
/// The kind of it.
pub const POLICY: &str = "ClientSettingsPolicy";

/// A limit that lets layers of images through: the one that docs/exposing.md asks for.
pub const ENOUGH: &str = "512m";

/// The Gateway or the route whose limit this object says, and the limit; `None` for any other object. It takes effect in its own
/// namespace, which is `namespace` where it names none.
pub fn limited_by(object: &Value, namespace: &str) -> Option<(Identity, String)> {
    let identity = Identity::of(object).filter(|identity| identity.is(GROUP, POLICY))?;
    let limit = object.pointer("/spec/body/maxSize")?;
    let limit = limit.as_str().map_or_else(|| limit.to_string(), ToOwned::to_owned);
    let target = |field: &str| object.pointer(&format!("/spec/targetRef/{field}"))?.as_str();
    let namespace = identity.namespace.as_deref().unwrap_or(namespace);
    Some((Identity::namespaced(GATEWAY_GROUP, target("kind")?, namespace, target("name")?), limit))
}

/// Whether a limit stops layers of images. One that is not known yet is not judged.
pub fn is_small(limit: &str) -> bool {
    bytes(limit).is_some_and(|limit| bytes(ENOUGH).is_some_and(|enough| limit < enough))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_policy_says_the_limit_of_its_target() {
        let policy = |body: Value| {
            json!({
                "apiVersion": "gateway.nginx.org/v1alpha1", "kind": POLICY, "metadata": {"name": "pushes"},
                "spec": {"body": body, "targetRef": {"group": GATEWAY_GROUP, "kind": "Gateway", "name": "public"}},
            })
        };
        let public = Identity::namespaced(GATEWAY_GROUP, "Gateway", "edge", "public");
        assert_eq!(limited_by(&policy(json!({"maxSize": "0"})), "edge"), Some((public, "0".to_owned())));
        assert_eq!(limited_by(&policy(json!({"timeout": "60s"})), "edge"), None);
        assert_eq!(
            limited_by(&json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}}), "a"),
            None
        );
    }

    #[test]
    fn a_limit_is_small_below_the_one_that_is_asked_for() {
        for small in ["1", "1024k", "1m", "50m", "511m"] {
            assert!(is_small(small), "{small}");
        }
        for enough in ["0", "0m", "512m", "524288k", "2g", "${var.size}"] {
            assert!(!is_small(enough), "{enough}");
        }
    }
}
