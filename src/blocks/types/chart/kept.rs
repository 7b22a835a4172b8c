//! The fields that a chart makes anew each time: once they are in the cluster, they stay as they are there.
//!
//! They belong together: a certificate in one object is signed by the authority in another one. So all of a chart are
//! kept, or all are made anew.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::comparison::ChartObject;
use crate::blocks::codes;
use crate::blocks::facts::{Fact, Facts, LiveObject, Need};
use crate::blocks::keys::span_of;
use crate::blocks::object_filter::name_of;
use crate::blocks::scope::Scopes;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::list;
use crate::resource::{FieldPath, GroupKind, Identity, Segment, Target, api_version_parts, hex};

/// The shortest digest, in hexadecimal digits, that is taken for one: an MD5.
const SHORTEST_DIGEST: usize = 32;

/// What has become of the fields that a chart makes anew each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kept {
    /// They have the values that they have in the cluster.
    All,
    /// They have new values.
    Nothing,
    /// The cluster could not be asked, and this is why.
    Unknown(String),
}

/// The live objects that must be known.
pub(super) fn needs(objects: &[ChartObject], namespace: &str, facts: &Facts) -> Vec<Need> {
    let unstable = objects.iter().filter(|object| !object.unstable.is_empty());
    unstable.filter_map(|object| Some(Need::Live(target(&object.object, namespace, facts)?))).collect()
}

/// Gives the fields the values that they have in the cluster.
pub(super) fn keep(
    block: &Block,
    objects: &mut [ChartObject],
    namespace: &str,
    facts: &Facts,
    mistakes: &mut Vec<Diagnostic>,
) -> Kept {
    let mut there = Vec::new();
    let mut missing = Vec::new();
    let mut lost = Vec::new();
    let mut is_asked_for = false;
    for (index, object) in objects.iter().enumerate().filter(|(_, object)| !object.unstable.is_empty()) {
        let Some(target) = target(&object.object, namespace, facts) else { continue };
        let live = match facts.get(&Need::Live(target)) {
            Some(Fact::Live(LiveObject::Lost)) => {
                lost.extend(name_of(&object.object));
                continue;
            }
            Some(Fact::Live(LiveObject::There(live))) => Some(live),
            Some(Fact::Live(LiveObject::Absent)) => None,
            Some(Fact::Live(LiveObject::Unwanted)) => {
                is_asked_for = true;
                continue;
            }
            Some(Fact::Unknown(reason)) => return Kept::Unknown(reason.clone()),
            _ => return Kept::Unknown("it was not asked for".to_owned()),
        };
        let sources = object.unstable.iter().filter(|path| !is_digest(path, &object.object));
        let values: Option<Vec<(FieldPath, Value)>> = live.and_then(|live| {
            sources.map(|path| Some((path.clone(), live_value(path, &live.object)?))).collect()
        });
        match values {
            Some(values) => there.push((index, values)),
            None => missing.extend(name_of(&object.object)),
        }
    }
    if !lost.is_empty() {
        mistakes.push(lost_values(block, &lost));
    }
    let kept = if missing.is_empty() && lost.is_empty() && !is_asked_for { Kept::All } else { Kept::Nothing };
    if kept == Kept::All {
        for (index, values) in &there {
            for (path, value) in values {
                path.set(&mut objects[*index].object, value.clone());
            }
        }
    } else if !there.is_empty() && !missing.is_empty() {
        mistakes.push(renewed(block, &missing));
    }
    set_digests(objects);
    kept
}

/// Says that new values take the place of those that are there, and why.
fn renewed(block: &Block, missing: &[String]) -> Diagnostic {
    let named = list(missing.iter().map(String::as_str));
    let message = format!("`{}` gets new values for all that it makes at random", block.address);
    Diagnostic::warning(codes::CHART_RENEWED, message).at(span_of(block, ["chart"]), "").help(format!(
        "they belong together, and some are not in the cluster: {named}. The plan shows each field that changes"
    ))
}

/// The mistake for values that the cluster has lost.
fn lost_values(block: &Block, lost: &[String]) -> Diagnostic {
    let named = list(lost.iter().map(String::as_str));
    let first = lost.first().map_or("", String::as_str);
    let message =
        format!("what `{}` made at random is lost: {named} is not in the cluster any more", block.address);
    Diagnostic::error(codes::LOST_SECRET, message).at(span_of(block, ["chart"]), "").help(format!(
        "restore it, or agree to new values for all that the chart makes at random: `--consent {}/{first}`",
        block.address
    ))
}

/// A digest over what a chart makes anew each time is made anew as well. It gets the digest of what is kept: so it
/// changes, and pods are rolled, when something else in these objects does.
fn set_digests(objects: &mut [ChartObject]) {
    let digested = |object: &ChartObject| object.unstable.iter().any(|path| !is_digest(path, &object.object));
    let sources = objects.iter().filter(|object| digested(object));
    let digest = sources.fold(Sha256::new(), |digest, object| digest.chain_update(object.object.to_string()));
    let digest = hex(&digest.finalize());
    for object in objects {
        let paths: Vec<&FieldPath> =
            object.unstable.iter().filter(|path| is_digest(path, &object.object)).collect();
        for path in paths {
            path.set(&mut object.object, Value::from(digest.as_str()));
        }
    }
}

/// Whether the field is a digest in an annotation, as charts put it on pods to have them rolled.
fn is_digest(path: &FieldPath, object: &Value) -> bool {
    let [.., Segment::Key(table), Segment::Key(_)] = path.segments() else { return false };
    let is_hexadecimal =
        |text: &str| text.len() >= SHORTEST_DIGEST && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    table == "annotations" && path.get(object).and_then(Value::as_str).is_some_and(is_hexadecimal)
}

/// The value in the cluster. What is sent as `stringData` of a Secret is stored under `data`.
fn live_value(path: &FieldPath, live: &Value) -> Option<Value> {
    let [Segment::Key(table), Segment::Key(key)] = path.segments() else { return path.get(live).cloned() };
    if table != "stringData" {
        return path.get(live).cloned();
    }
    let stored = live.get("data")?.get(key)?.as_str()?;
    let text = String::from_utf8(STANDARD.decode(stored).ok()?).ok()?;
    Some(Value::from(text))
}

/// The object as the cluster knows it.
fn target(object: &Value, namespace: &str, facts: &Facts) -> Option<Target> {
    let identity = Identity::of(object)?;
    let (group, version) = api_version_parts(object.get("apiVersion")?.as_str()?);
    let kind = GroupKind { group: group.to_owned(), kind: identity.kind.clone() };
    let identity = if Scopes::default().is_namespaced(&kind, version, facts) {
        let namespace = identity.namespace.as_deref().unwrap_or(namespace).to_owned();
        Identity { namespace: Some(namespace), ..identity }
    } else {
        Identity { namespace: None, ..identity }
    };
    Some(Target { identity, version: Some(version.to_owned()) })
}
