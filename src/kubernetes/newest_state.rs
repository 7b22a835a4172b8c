//! The `ConfigMap` that tells which copy of a project's state is the newest one: its name and its signs.

use serde_json::{Value, json};

use crate::resource::Identity;

/// Who writes it.
pub const FIELD_MANAGER: &str = "regplan-state";

const KEY: &str = "regplan.dev/keeps";
const VALUE: &str = "newest-state";

/// The `ConfigMap` of a project in this namespace.
pub fn identity(project: &str, namespace: &str) -> Identity {
    Identity::namespaced("", "ConfigMap", namespace, format!("regplan-{project}"))
}

/// Its labels.
pub fn labels() -> Value {
    json!({ KEY: VALUE, "app.kubernetes.io/managed-by": "regplan" })
}

/// Whether an object is such a `ConfigMap`: it belongs to regplan itself, and is no resource of anybody.
pub fn is_record(object: &Value) -> bool {
    object["kind"] == "ConfigMap" && object["metadata"]["labels"][KEY] == VALUE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_known_by_its_label() {
        let object = |labels: Value| json!({"kind": "ConfigMap", "metadata": {"labels": labels}});
        assert!(is_record(&object(labels())));
        assert!(!is_record(&object(json!({"app": "web"}))));
        assert_eq!(identity("shop", "default").to_string(), "ConfigMap default/regplan-shop");
    }
}
