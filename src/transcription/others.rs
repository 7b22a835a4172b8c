//! Objects that no configuration should have: what controllers make, and what belongs to others.

use serde_json::{Map, Value};

use super::cleaned::cleaned;
use crate::kubernetes::marks::PROJECT;
use crate::kubernetes::namespaces::{is_everywhere, is_of_the_server};
use crate::kubernetes::newest_state::is_record;
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
    /// regplan itself keeps something in it.
    OfRegplan,
    /// It is a pod of nobody: hardly anything of a pod can be changed.
    Pod,
    /// It holds a value that TOML has no form for; the reason.
    NoToml(String),
}

/// Kinds whose objects controllers make beside those that every namespace has, and which have no owner at times.
const CONTROLLED: &[(&str, &str)] =
    &[("apps", "ControllerRevision"), ("coordination.k8s.io", "Lease"), ("metrics.k8s.io", "PodMetrics")];

/// Why an object is not written down; `None` where it is. `claims` are those that stateful sets make.
pub(super) fn why_left_out(identity: &Identity, live: &Live, claims: &[String]) -> Option<LeftOut> {
    let is_owned = live.object.pointer("/metadata/ownerReferences").is_some();
    let is_of_kind = CONTROLLED.iter().any(|(group, kind)| identity.is(group, kind));
    let is_claim = identity.is("", "PersistentVolumeClaim") && claims.contains(&identity.name);
    if is_owned || is_of_kind || is_claim || is_as_made(identity, &live.object) {
        return Some(LeftOut::Controlled);
    }
    if live.is_ending() {
        return Some(LeftOut::Ending);
    }
    if let Some(project) = live.annotation(PROJECT) {
        return Some(LeftOut::OfProject(project.to_owned()));
    }
    if is_record(&live.object) {
        return Some(LeftOut::OfRegplan);
    }
    if live.object.get("type").and_then(Value::as_str) == Some("helm.sh/release.v1") {
        return Some(LeftOut::OfHelm);
    }
    identity.is("", "Pod").then_some(LeftOut::Pod)
}

/// Whether Kubernetes makes this object, just as it is. Users add pull secrets to the account `default`; and a slice of
/// endpoints without an owner is theirs.
fn is_as_made(identity: &Identity, object: &Value) -> bool {
    let may_be_of_users = || {
        identity.is("discovery.k8s.io", "EndpointSlice")
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

/// The names of the claims that stateful sets make for their pods. They carry no owner.
pub(super) fn claims_of(found: &[Live]) -> Vec<String> {
    let sets = found.iter().map(|live| &live.object).filter(|object| object["kind"] == "StatefulSet");
    sets.flat_map(claims_of_set).collect()
}

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
