//! The limit for bodies of NGINX Gateway Fabric: 1 MiB, which nginx has by itself, unless a `ClientSettingsPolicy` says another one.
//! Source: <https://docs.nginx.com/nginx-gateway-fabric/traffic-management/client-settings/>

use serde_json::Value;

use crate::resource::{GATEWAY_GROUP, Identity};

/// The group of the policy.
const GROUP: &str = "gateway.nginx.org";
/// The kind of it.
pub const POLICY: &str = "ClientSettingsPolicy";

/// The Gateway or the route whose limit this object says; `None` for any other object. It takes effect in its own namespace, which is
/// `namespace` where it names none.
pub fn limited_by(object: &Value, namespace: &str) -> Option<Identity> {
    let identity = Identity::of(object).filter(|identity| identity.is(GROUP, POLICY))?;
    object.pointer("/spec/body/maxSize")?;
    let target = |field: &str| object.pointer(&format!("/spec/targetRef/{field}"))?.as_str();
    let namespace = identity.namespace.as_deref().unwrap_or(namespace);
    Some(Identity::namespaced(GATEWAY_GROUP, target("kind")?, namespace, target("name")?))
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
        assert_eq!(limited_by(&policy(json!({"maxSize": "0"})), "edge"), Some(public));
        assert_eq!(limited_by(&policy(json!({"timeout": "60s"})), "edge"), None);
        assert_eq!(
            limited_by(&json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}}), "a"),
            None
        );
    }
}
