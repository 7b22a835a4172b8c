//! What is deleted together with an object: all objects in a namespace, and all objects of a defined kind.

use serde_json::Value;

use super::kinds::{defines, is_namespace};
use crate::resource::{GroupKind, Identity};

/// The objects that are deleted together with an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CascadeScope {
    /// All objects in this namespace.
    Namespace(String),
    /// All objects of this kind, in all namespaces.
    Kind(GroupKind),
}

impl CascadeScope {
    /// The objects that are deleted together with this object, whoever owns them. `None` where there are none
    /// apart from those that the object owns.
    pub fn of(object: &Value) -> Option<Self> {
        let identity = Identity::of(object)?;
        if is_namespace(&identity) {
            return Some(Self::Namespace(identity.name));
        }
        defines(object).map(Self::Kind)
    }

    /// Whether it contains this object.
    pub fn holds(&self, identity: &Identity) -> bool {
        match self {
            Self::Namespace(name) => identity.namespace.as_ref() == Some(name),
            Self::Kind(kind) => *kind == identity.group_kind(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_namespace_and_a_definition_take_others_along() {
        let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
        let scope = CascadeScope::of(&space).unwrap();
        assert!(scope.holds(&Identity::namespaced("", "Secret", "a", "s")));
        assert!(!scope.holds(&Identity::namespaced("", "Secret", "b", "s")));
        assert!(!scope.holds(&Identity::cluster("", "Namespace", "a")));
        let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                                "metadata": {"name": "foos.x.y"}, "spec": {"group": "x.y", "names": {"kind": "Foo"}}});
        let scope = CascadeScope::of(&definition).unwrap();
        assert!(scope.holds(&Identity::namespaced("x.y", "Foo", "b", "f")));
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
        assert_eq!(CascadeScope::of(&map), None);
    }
}
