//! Which kinds live in namespaces.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::facts::{Fact, Facts, Need};
use crate::kubernetes::certificates;
use crate::kubernetes::kinds::{defines, is_cluster_kind};
use crate::resource::{GroupKind, api_version_parts, house_namespaces, is_builtin_group, is_house_group};

/// What the configuration declares about kinds, by its CRDs.
#[derive(Debug, Clone, Default)]
pub(super) struct Scopes {
    /// Whether the kind lives in namespaces.
    declared: BTreeMap<GroupKind, bool>,
}

impl Scopes {
    /// What the CRDs among these objects declare.
    pub(super) fn declared_by<'o>(objects: impl IntoIterator<Item = &'o Value>) -> Self {
        let mut scopes = Self::default();
        objects.into_iter().for_each(|object| scopes.declare(object));
        scopes
    }

    /// Notes what an object declares, if it is a CRD.
    fn declare(&mut self, object: &Value) {
        let scope = object.pointer("/spec/scope").and_then(Value::as_str);
        if let (Some(kind), Some(scope)) = (defines(object), scope) {
            self.declared.insert(kind, scope == "Namespaced");
        }
    }

    /// Whether objects of this kind live in namespaces. The configuration is asked before the cluster. A kind
    /// that neither of them knows is taken for one that does, as most do.
    pub(super) fn is_namespaced(&self, kind: &GroupKind, version: &str, facts: &Facts) -> bool {
        if is_builtin_group(&kind.group) {
            return !is_cluster_kind(kind);
        }
        if let Some(namespaced) = house_namespaces(&kind.group) {
            return namespaced;
        }
        // Our own blocks make some, before anybody can be asked.
        if certificates::is_cluster_kind(kind) {
            return false;
        }
        if let Some(namespaced) = self.declared.get(kind) {
            return *namespaced;
        }
        match facts.get(&Need::Scope { kind: kind.clone(), version: version.to_owned() }) {
            Some(Fact::Scope(Some(namespaced))) => *namespaced,
            _ => true,
        }
    }
}

/// What must be asked of the cluster to know whether these objects have namespaces.
pub(super) fn needs<'o>(objects: impl IntoIterator<Item = &'o Value>) -> BTreeSet<Need> {
    let mut needs = BTreeSet::new();
    for object in objects {
        let (Some((group, version)), Some(kind)) =
            (api_version(object), object.get("kind").and_then(Value::as_str))
        else {
            continue;
        };
        if !is_builtin_group(group) && !is_house_group(group) {
            let kind = GroupKind { group: group.to_owned(), kind: kind.to_owned() };
            needs.insert(Need::Scope { kind, version: version.to_owned() });
        }
    }
    needs
}

fn api_version(object: &Value) -> Option<(&str, &str)> {
    Some(api_version_parts(object.get("apiVersion")?.as_str()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kind(group: &str, kind: &str) -> GroupKind {
        GroupKind { group: group.into(), kind: kind.into() }
    }

    #[test]
    fn the_configuration_wins_over_the_cluster_and_both_over_a_guess() {
        let mut scopes = Scopes::default();
        let mut facts = Facts::default();
        let foo = kind("example.com", "Foo");
        assert!(scopes.is_namespaced(&foo, "v1", &facts));
        let need = Need::Scope { kind: foo.clone(), version: "v1".into() };
        facts.insert(need.clone(), Fact::Scope(Some(false)));
        assert!(!scopes.is_namespaced(&foo, "v1", &facts));
        scopes.declare(&json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "spec": {"group": "example.com", "names": {"kind": "Foo"}, "scope": "Namespaced"}}));
        assert!(scopes.is_namespaced(&foo, "v1", &facts));
        let objects = [json!({"apiVersion": "example.com/v1", "kind": "Foo"}), json!({"kind": 1})];
        assert_eq!(needs(&objects), BTreeSet::from([need]));
    }

    #[test]
    fn kinds_of_a_house_beside_the_cluster_have_no_namespaces_and_need_no_answer() {
        let records = kind("dns.regplan.dev", "RecordSet");
        assert!(!Scopes::default().is_namespaced(&records, "v1", &Facts::default()));
        assert_eq!(
            needs(&[json!({"apiVersion": "dns.regplan.dev/v1", "kind": "RecordSet"})]),
            BTreeSet::new()
        );
    }

    #[test]
    fn kubernetes_own_kinds_are_known() {
        let scopes = Scopes::default();
        let facts = Facts::default();
        assert!(!scopes.is_namespaced(&kind("", "Namespace"), "v1", &facts));
        assert!(scopes.is_namespaced(&kind("", "Secret"), "v1", &facts));
        assert!(!scopes.is_namespaced(&kind("rbac.authorization.k8s.io", "ClusterRole"), "v1", &facts));
    }
}
