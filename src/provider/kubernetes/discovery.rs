//! Which kinds the server serves, and where.
//!
//! Aggregated discovery costs two requests whatever is installed; a server without it is asked group by
//! group. A group that cannot be asked (an `APIService` whose server is down) never fails the others: its
//! kinds are *unreadable*, neither served nor unknown.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::problem::{self, About};
use super::transport::{Call, CallError, Transport};
use crate::resource::{GroupKind, Identity, Problem, ProblemKind, Target, api_version_parts};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// What is younger than this is not asked for again because of an unknown kind.
const FRESH: Duration = Duration::from_secs(10);

/// A kind, as the server serves it in one version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Served {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) plural: String,
    pub(super) namespaced: bool,
}

impl Served {
    /// `apps/v1`, `v1`.
    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The path of all objects of a namespace, or of the cluster.
    pub(super) fn collection(&self, namespace: Option<&str>) -> String {
        let mut path = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        if let Some(namespace) = namespace.filter(|_| self.namespaced) {
            path.push_str("/namespaces/");
            path.push_str(&encode(namespace));
        }
        path.push('/');
        path.push_str(&self.plural);
        path
    }

    /// The path of one object.
    pub(super) fn object(&self, identity: &Identity) -> String {
        format!("{}/{}", self.collection(identity.namespace.as_deref()), encode(&identity.name))
    }
}

/// For one segment of a path, or one value of a query.
pub(super) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}"); // writing to a String does not fail
        }
    }
    out
}

/// What is known of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lookup {
    /// Served in these versions, the server's preferred one first.
    Served(Vec<Served>),
    /// Not served.
    Unknown,
    /// Its group cannot be asked, for this reason.
    Unreadable(String),
}

/// Everything that the server serves, at one moment.
#[derive(Debug, Default)]
struct Catalogue {
    kinds: HashMap<GroupKind, Vec<Served>>,
    /// Groups of which a part is missing or stale, with the reason.
    skipped: BTreeMap<String, String>,
}

impl Catalogue {
    fn lookup(&self, kind: &GroupKind) -> Lookup {
        match (self.kinds.get(kind), self.skipped.get(&kind.group)) {
            (Some(served), _) => Lookup::Served(served.clone()),
            (None, Some(reason)) => Lookup::Unreadable(reason.clone()),
            (None, None) => Lookup::Unknown,
        }
    }

    fn add(&mut self, served: Served) {
        let kind = GroupKind { group: served.group.clone(), kind: served.kind.clone() };
        let all = self.kinds.entry(kind).or_default();
        if !all.iter().any(|known| known.version == served.version) {
            all.push(served);
        }
    }

    fn skip(&mut self, group: &str, reason: String) {
        self.skipped.entry(group.to_owned()).or_insert(reason);
    }

    /// Takes in one `APIGroupDiscoveryList`.
    fn add_aggregated(&mut self, list: &Value) {
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
                    self.skip(name, format!("the server behind the APIService `{of}` does not answer"));
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
    fn add_resources(&mut self, group: &str, version: &str, list: &Value) {
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

fn array<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Kinds that cannot be read (reviews, bindings) are no resources to us.
fn is_gettable(resource: &Value) -> bool {
    array(resource, "verbs").iter().any(|verb| verb == "get")
}

/// Discovery with its memory.
pub(super) struct Discovery {
    transport: Transport,
    known: Mutex<Option<(Instant, Arc<Catalogue>)>>,
}

impl Discovery {
    pub(super) fn new(transport: Transport) -> Self {
        Self { transport, known: Mutex::new(None) }
    }

    /// Looks a kind up. One that is unknown is looked up afresh, unless what we know is seconds old.
    pub(super) async fn lookup(&self, kind: &GroupKind) -> Result<Lookup, Problem> {
        let mut known = self.known.lock().await;
        if let Some((when, catalogue)) = &*known {
            let found = catalogue.lookup(kind);
            if matches!(found, Lookup::Served(_)) || when.elapsed() < FRESH {
                return Ok(found);
            }
        }
        let catalogue = Arc::new(self.fetch().await?);
        let found = catalogue.lookup(kind);
        *known = Some((Instant::now(), catalogue));
        Ok(found)
    }

    /// Every kind whose objects live in namespaces, in the server's preferred version, and what cannot be
    /// known of others.
    pub(super) async fn namespaced(&self) -> Result<(Vec<Served>, Vec<(GroupKind, String)>), Problem> {
        let mut known = self.known.lock().await;
        let catalogue = if let Some((_, catalogue)) = &*known {
            Arc::clone(catalogue)
        } else {
            let catalogue = Arc::new(self.fetch().await?);
            *known = Some((Instant::now(), Arc::clone(&catalogue)));
            catalogue
        };
        let preferred = catalogue.kinds.values().filter_map(|versions| versions.first());
        let mut kinds: Vec<Served> = preferred.filter(|served| served.namespaced).cloned().collect();
        kinds.sort_by(|a, b| (&a.group, &a.kind).cmp(&(&b.group, &b.kind)));
        let skipped = catalogue.skipped.iter().map(|(group, reason)| {
            (GroupKind { group: group.clone(), kind: "all kinds".to_owned() }, reason.clone())
        });
        Ok((kinds, skipped.collect()))
    }

    /// Forgets what is known, since a kind was added or has changed.
    pub(super) async fn forget(&self) {
        *self.known.lock().await = None;
    }

    /// How to speak of the target: in its own version where that is served, else in the preferred one
    /// (`strict`: not at all).
    pub(super) async fn served(&self, target: &Target, strict: bool) -> Result<Option<Served>, Problem> {
        let kind = target.identity.group_kind();
        let served = match self.lookup(&kind).await? {
            Lookup::Served(served) => served,
            Lookup::Unknown => return Ok(None),
            Lookup::Unreadable(reason) => {
                let message = format!("nothing can be said about {kind}: {reason}");
                return Err(Problem::new(ProblemKind::Unreachable, message)
                    .help("see `kubectl get apiservices` for the ones that are not available"));
            }
        };
        let Some(version) = &target.version else { return Ok(served.into_iter().next()) };
        let exact = served.iter().find(|served| served.version == *version).cloned();
        if exact.is_some() || !strict {
            return Ok(exact.or_else(|| served.into_iter().next()));
        }
        let versions: Vec<&str> = served.iter().map(|served| served.version.as_str()).collect();
        let message =
            format!("the server serves {kind} in the version {}, not in {version}", versions.join(", "));
        Err(Problem::new(ProblemKind::UnknownKind, message).help("change its apiVersion"))
    }

    async fn fetch(&self) -> Result<Catalogue, Problem> {
        let ask = |path: &'static str| {
            let call = Call { accept: AGGREGATED, ..Call::get(path) };
            async move { self.transport.send(&call).await }
        };
        let mut catalogue = Catalogue::default();
        let (core, groups) = if self.transport.is_contacted() {
            futures::join!(ask("/api"), ask("/apis"))
        } else {
            // A server that does not answer need not be asked twice.
            let core = ask("/api").await.map_err(|failure| self.problem(failure))?;
            (Ok(core), ask("/apis").await)
        };
        let core = core.map_err(|failure| self.problem(failure))?.body;
        let groups = groups.map_err(|failure| self.problem(failure))?.body;
        let mut versions: Vec<(String, String)> = Vec::new();
        if text(&core, "kind") == "APIGroupDiscoveryList" {
            catalogue.add_aggregated(&core);
        } else {
            let names = array(&core, "versions").iter().filter_map(Value::as_str);
            versions.extend(names.map(|version| (String::new(), version.to_owned())));
        }
        if text(&groups, "kind") == "APIGroupDiscoveryList" {
            catalogue.add_aggregated(&groups);
        } else {
            versions.extend(group_versions(&groups));
        }
        let lists = stream::iter(versions).map(|(group, version)| async move {
            let base = if group.is_empty() { "/api".to_owned() } else { format!("/apis/{group}") };
            let answer = self.transport.send(&Call::get(format!("{base}/{version}"))).await;
            (group, version, answer)
        });
        // In order, since the preferred version of a group comes first.
        let mut lists = lists.buffered(8);
        while let Some((group, version, answer)) = lists.next().await {
            match answer {
                Ok(answer) => catalogue.add_resources(&group, &version, &answer.body),
                Err(failure) => catalogue.skip(&group, self.problem(failure).message),
            }
        }
        Ok(catalogue)
    }

    fn problem(&self, failure: CallError) -> Problem {
        let discovery = Identity::cluster("", "API", "discovery");
        let mut problem = problem::of(failure, About::new(&discovery), &self.transport.facts);
        if problem.kind == ProblemKind::UnknownKind {
            problem = Problem::new(
                ProblemKind::Unreachable,
                format!("{} does not answer as a Kubernetes API server does", self.transport.facts.server),
            );
        }
        problem
    }
}

/// All versions of all groups of an `APIGroupList`, each group's preferred one first.
fn group_versions(list: &Value) -> Vec<(String, String)> {
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
        let Lookup::Unreadable(reason) = catalogue.lookup(&kind("metrics.k8s.io", "PodMetrics")) else {
            panic!("not unreadable")
        };
        assert!(reason.contains("v1beta1.metrics.k8s.io"), "{reason}");
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
