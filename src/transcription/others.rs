//! Objects that no configuration should have: what controllers make, and what belongs to others.

use serde_json::{Map, Value};

use super::cleaned::cleaned;
use crate::kubernetes::endpoints::{fills_in_endpoints, is_filled_in};
use crate::kubernetes::leases::is_made_by_its_holder;
use crate::kubernetes::marks::PROJECT;
use crate::kubernetes::namespaces::{is_everywhere, is_of_the_server};
use crate::kubernetes::newest_state::is_record;
use crate::provider::kubernetes::keeps_a_state;
use crate::resource::{Identity, Live};

/// Why an object is not written down.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// Kubernetes or a controller makes it, and makes it again.
    Controlled,
    /// It is about to go.
    Ending,
    /// It belongs to a project of regplan.
    OfProject(String),
    /// Helm keeps a release in it.
    OfHelm,
    /// regplan itself keeps a state in it, or a note about one.
    OfRegplan,
    /// It is a pod of nobody: hardly anything of a pod can be changed.
    Pod,
    /// It holds a value that TOML has no form for; the reason.
    NoToml(String),
}

/// Kinds whose objects controllers make beside those that every namespace has, and which have no owner at times.
const CONTROLLED: &[(&str, &str)] = &[("apps", "ControllerRevision"), ("metrics.k8s.io", "PodMetrics")];

/// What the other objects of the namespace make controllers do there. None of it carries an owner.
#[derive(Debug)]
pub(super) struct Derived {
    /// The names of the claims that stateful sets make for their pods.
    claims: Vec<String>,
    /// The names of the Endpoints that hold the pods of a Service.
    endpoints: Vec<String>,
}

impl Derived {
    /// What follows from these objects.
    pub(super) fn of(found: &[Live]) -> Self {
        let objects = || found.iter().map(|live| &live.object);
        let sets = objects().filter(|object| object["kind"] == "StatefulSet");
        let services = objects().filter(|object| fills_in_endpoints(object));
        let names = services.filter_map(|service| service.pointer("/metadata/name")?.as_str());
        Self { claims: sets.flat_map(claims_of_set).collect(), endpoints: names.map(str::to_owned).collect() }
    }

    fn has(&self, identity: &Identity) -> bool {
        let names = match (identity.group.as_str(), identity.kind.as_str()) {
            ("", "PersistentVolumeClaim") => &self.claims,
            ("", "Endpoints") => &self.endpoints,
            _ => return false,
        };
        names.contains(&identity.name)
    }
}

/// Why an object is not written down; `None` where it is.
pub(super) fn why_left_out(identity: &Identity, live: &Live, derived: &Derived) -> Option<LeftOut> {
    // The Lease of a state is renewed as those of controllers are, and is told as what it is.
    let is_of_project = live.annotation(PROJECT).is_some();
    if !is_of_project && (is_record(&live.object) || keeps_a_state(identity, &live.object)) {
        return Some(LeftOut::OfRegplan);
    }
    let is_owned = live.object.pointer("/metadata/ownerReferences").is_some();
    let is_of_kind = CONTROLLED.iter().any(|(group, kind)| identity.is(group, kind));
    let is_held = identity.is("coordination.k8s.io", "Lease") && is_made_by_its_holder(live);
    if is_owned || is_of_kind || is_held || derived.has(identity) || is_as_made(identity, &live.object) {
        return Some(LeftOut::Controlled);
    }
    if live.is_ending() {
        return Some(LeftOut::Ending);
    }
    if let Some(project) = live.annotation(PROJECT) {
        return Some(LeftOut::OfProject(project.to_owned()));
    }
    if live.object.get("type").and_then(Value::as_str) == Some("helm.sh/release.v1") {
        return Some(LeftOut::OfHelm);
    }
    identity.is("", "Pod").then_some(LeftOut::Pod)
}

/// Whether Kubernetes makes this object, just as it is. Users add pull secrets to the account `default`; and a slice of
/// endpoints without an owner is theirs, as are Endpoints that no controller fills in.
fn is_as_made(identity: &Identity, object: &Value) -> bool {
    let may_be_of_users = || {
        identity.is("discovery.k8s.io", "EndpointSlice")
            || (identity.is("", "Endpoints") && !is_filled_in(object))
            || (identity.is("", "ServiceAccount") && says_more(&cleaned(identity, object)))
    };
    is_of_the_server(identity) || (is_everywhere(identity) && !may_be_of_users())
}

/// Whether an object says anything but its name.
fn says_more(object: &Value) -> bool {
    let is_more = |map: Option<&Map<String, Value>>, usual: &[&str]| {
        map.is_some_and(|map| map.keys().any(|key| !usual.contains(&key.as_str())))
    };
    is_more(object.as_object(), &["apiVersion", "kind", "metadata"])
        || is_more(object["metadata"].as_object(), &["name"])
}

/// The names of the claims that a stateful set makes.
fn claims_of_set(set: &Value) -> Vec<String> {
    let name = set.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let replicas = set.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1);
    let first = set.pointer("/spec/ordinals/start").and_then(Value::as_u64).unwrap_or(0);
    let templates = set.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array);
    let templates = templates.into_iter().flatten();
    let templates = templates.filter_map(|template| template.pointer("/metadata/name")?.as_str());
    templates
        .flat_map(|template| {
            (first..first.saturating_add(replicas)).map(move |number| format!("{template}-{name}-{number}"))
        })
        .collect()
}
