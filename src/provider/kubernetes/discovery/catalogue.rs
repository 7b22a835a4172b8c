//! Everything that the server serves at one moment, read from its discovery documents.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::served::Served;
use crate::kubernetes::conditions::text;
use crate::resource::{GroupKind, Problem, ProblemKind, api_version_parts};

/// What is known of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::provider::kubernetes) enum Lookup {
    /// Served in these versions, the server's preferred one first.
    Served(Vec<Served>),
    /// Not served.
    Unknown,
    /// Its group cannot be asked, for this reason.
    Unreadable(Problem),
}

/// Everything that the server serves, at one moment.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    pub(super) kinds: HashMap<GroupKind, Vec<Served>>,
    /// Groups of which a part is missing or stale, with the reason.
    pub(super) skipped: BTreeMap<String, Problem>,
    /// Kinds with a definition that is not served, with the reason.
    unserved: HashMap<GroupKind, Problem>,
}

impl Catalogue {
    /// What is known of a kind.
    pub(super) fn lookup(&self, kind: &GroupKind) -> Lookup {
        match (self.kinds.get(kind), self.skipped.get(&kind.group)) {
            (Some(served), _) => Lookup::Served(served.clone()),
            (None, Some(problem)) => Lookup::Unreadable(problem.clone()),
            (None, None) => self.unserved.get(kind).cloned().map_or(Lookup::Unknown, Lookup::Unreadable),
        }
    }

    fn add(&mut self, served: Served) {
        let kind = GroupKind { group: served.group.clone(), kind: served.kind.clone() };
        let all = self.kinds.entry(kind).or_default();
        if !all.iter().any(|known| known.version == served.version) {
            all.push(served);
        }
    }

    /// Notes that a part of the group cannot be known; the first reason stays.
    pub(super) fn skip(&mut self, group: &str, problem: Problem) {
        self.skipped.entry(group.to_owned()).or_insert(problem);
    }

    /// Notes that the kind has a definition. That counts where the kind is not served.
    pub(super) fn note_unserved(&mut self, kind: GroupKind, problem: Problem) {
        self.unserved.insert(kind, problem);
    }

    /// Takes in one `APIGroupDiscoveryList`.
    pub(super) fn add_aggregated(&mut self, list: &Value) {
        for group in array(list, "items") {
            let name = group.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            for version in array(group, "versions") {
                let version_name = text(version, "version");
                if text(version, "freshness") == "Stale" {
                    let of = if name.is_empty() {
                        version_name.to_owned()
                    } else {
                        format!("{version_name}.{name}")
                    };
                    let message = format!("the server behind the APIService `{of}` does not answer");
                    self.skip(name, Problem::new(ProblemKind::Unreachable, message));
                }
                for resource in array(version, "resources") {
                    let kind =
                        resource.pointer("/responseKind/kind").and_then(Value::as_str).unwrap_or_default();
                    let plural = text(resource, "resource");
                    if kind.is_empty() || plural.is_empty() || !is_gettable(resource) {
                        continue;
                    }
                    self.add(Served {
                        group: name.to_owned(),
                        version: version_name.to_owned(),
                        kind: kind.to_owned(),
                        plural: plural.to_owned(),
                        namespaced: text(resource, "scope") == "Namespaced",
                    });
                }
            }
        }
    }

    /// Takes in one `APIResourceList` of a server without aggregated discovery.
    pub(super) fn add_resources(&mut self, group: &str, version: &str, list: &Value) {
        for resource in array(list, "resources") {
            let plural = text(resource, "name");
            if plural.contains('/') || !is_gettable(resource) {
                continue;
            }
            self.add(Served {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: text(resource, "kind").to_owned(),
                plural: plural.to_owned(),
                namespaced: resource.get("namespaced") == Some(&Value::Bool(true)),
            });
        }
    }
}

/// The list under a key; empty where there is none.
pub(super) fn array<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Kinds that cannot be read (reviews, bindings) are no resources to us.
fn is_gettable(resource: &Value) -> bool {
    array(resource, "verbs").iter().any(|verb| verb == "get")
}

/// All versions of all groups of an `APIGroupList`, each group's preferred one first.
pub(super) fn group_versions(list: &Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for group in array(list, "groups") {
        let preferred = group.pointer("/preferredVersion/groupVersion").and_then(Value::as_str);
        let others = array(group, "versions").iter().map(|version| text(version, "groupVersion"));
        for name in preferred.into_iter().chain(others.filter(|name| Some(*name) != preferred)) {
            let (group, version) = api_version_parts(name);
            all.push((group.to_owned(), version.to_owned()));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Identity;
    use serde_json::json;

    fn kind(group: &str, kind: &str) -> GroupKind {
        GroupKind { group: group.to_owned(), kind: kind.to_owned() }
    }

    fn catalogue() -> Catalogue {
        let mut catalogue = Catalogue::default();
        catalogue.add_aggregated(&json!({"kind": "APIGroupDiscoveryList", "items": [
            {"metadata": {"name": "autoscaling"}, "versions": [
                {"version": "v2", "freshness": "Current", "resources": [
                    {"resource": "horizontalpodautoscalers", "scope": "Namespaced", "verbs": ["get", "list"],
                     "responseKind": {"group": "autoscaling", "version": "v2", "kind": "HorizontalPodAutoscaler"}}]},
                {"version": "v1", "freshness": "Current", "resources": [
                    {"resource": "horizontalpodautoscalers", "scope": "Namespaced", "verbs": ["get", "list"],
                     "responseKind": {"group": "autoscaling", "version": "v1", "kind": "HorizontalPodAutoscaler"}}]}]},
            {"metadata": {"name": "metrics.k8s.io"}, "versions": [{"version": "v1beta1", "freshness": "Stale"}]},
            {"metadata": {}, "versions": [{"version": "v1", "resources": [
                {"resource": "namespaces", "scope": "Cluster", "verbs": ["get"], "responseKind": {"kind": "Namespace"}},
                {"resource": "bindings", "scope": "Namespaced", "verbs": ["create"],
                 "responseKind": {"kind": "Binding"}}]}]}
        ]}));
        catalogue
    }

    #[test]
    fn kinds_are_served_unknown_or_unreadable() {
        let catalogue = catalogue();
        let Lookup::Served(served) = catalogue.lookup(&kind("autoscaling", "HorizontalPodAutoscaler")) else {
            panic!("not served")
        };
        let versions: Vec<&str> = served.iter().map(|served| served.version.as_str()).collect();
        assert_eq!(versions, ["v2", "v1"]);
        assert_eq!(catalogue.lookup(&kind("", "Binding")), Lookup::Unknown);
        assert_eq!(catalogue.lookup(&kind("example.com", "Thing")), Lookup::Unknown);
        let Lookup::Unreadable(problem) = catalogue.lookup(&kind("metrics.k8s.io", "PodMetrics")) else {
            panic!("not unreadable")
        };
        assert!(problem.message.contains("v1beta1.metrics.k8s.io"), "{problem}");
    }

    #[test]
    fn paths_are_made_of_what_is_served() {
        let catalogue = catalogue();
        let Lookup::Served(served) = catalogue.lookup(&kind("autoscaling", "HorizontalPodAutoscaler")) else {
            panic!("not served")
        };
        let identity = Identity::namespaced("autoscaling", "HorizontalPodAutoscaler", "a", "b c");
        assert_eq!(
            served[1].object(&identity),
            "/apis/autoscaling/v1/namespaces/a/horizontalpodautoscalers/b%20c"
        );
        let Lookup::Served(served) = catalogue.lookup(&kind("", "Namespace")) else { panic!("not served") };
        assert_eq!(served[0].collection(None), "/api/v1/namespaces");
    }

    #[test]
    fn the_old_form_is_read_with_the_preferred_version_first() {
        let groups = json!({"groups": [{"name": "batch", "preferredVersion": {"groupVersion": "batch/v1"},
            "versions": [{"groupVersion": "batch/v1beta1"}, {"groupVersion": "batch/v1"}]}]});
        let pair = |version: &str| ("batch".to_owned(), version.to_owned());
        assert_eq!(group_versions(&groups), [pair("v1"), pair("v1beta1")]);
        let mut catalogue = Catalogue::default();
        catalogue.add_resources(
            "batch",
            "v1",
            &json!({"resources": [
            {"name": "jobs", "kind": "Job", "namespaced": true, "verbs": ["get"]},
            {"name": "jobs/status", "kind": "Job", "namespaced": true, "verbs": ["get"]}]}),
        );
        assert!(
            matches!(catalogue.lookup(&kind("batch", "Job")), Lookup::Served(served) if served.len() == 1)
        );
    }
}
