//! The values that the cluster has of the fields that a chart makes anew each time.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::chart_object::{ChartObject, Unstable};
use crate::blocks::facts::{Fact, Facts, LiveObject, Need};
use crate::blocks::scope::Scopes;
use crate::resource::{FieldPath, GroupKind, Identity, NAMING_KEYS, Segment, Target, api_version_parts};

/// The table of a Secret whose texts are not encoded. It is only sent: the server keeps them under `data`.
const PLAIN_DATA: &str = "stringData";

/// The live objects that must be known. One that only carries a digest over others says nothing.
pub(super) fn needs(objects: &[ChartObject], namespace: &str, facts: &Facts) -> Vec<Need> {
    let sources = objects.iter().filter(|object| object.sources().next().is_some());
    sources.filter_map(|object| Some(Need::Live(target(&object.object, namespace, facts)?))).collect()
}

/// What the cluster has of an object.
#[derive(PartialEq)]
pub(super) enum Found {
    /// Nothing of it is made at random.
    None,
    /// It is not there yet.
    Absent,
    /// Somebody asked for new values.
    Unwanted,
    /// It was there.
    Lost,
    /// Nobody knows, for this reason.
    Unknown(String),
    /// The values that it has.
    Values(BTreeMap<FieldPath, Value>),
}

/// What it has of this one.
pub(super) fn look(object: &ChartObject, namespace: &str, facts: &Facts) -> Found {
    if object.sources().next().is_none() {
        return Found::None;
    }
    let Some(target) = target(&object.object, namespace, facts) else { return Found::None };
    let live = match facts.get(&Need::Live(target)) {
        Some(Fact::Live(LiveObject::There(live))) => live,
        Some(Fact::Live(LiveObject::Absent)) => return Found::Absent,
        Some(Fact::Live(LiveObject::Unwanted)) => return Found::Unwanted,
        Some(Fact::Live(LiveObject::Lost)) => return Found::Lost,
        Some(Fact::Live(LiveObject::NotAsked)) => {
            return Found::Unknown("no cluster is asked here".to_owned());
        }
        Some(Fact::Unknown(reason)) => return Found::Unknown(reason.clone()),
        _ => return Found::Unknown("it was not asked for".to_owned()),
    };
    // A field that is not there yet, or that somebody has taken away, shows as a change of this field alone.
    let values = object
        .sources()
        .filter_map(|unstable| Some((unstable.path.clone(), live_value(unstable, object, &live.object)?)));
    Found::Values(values.collect())
}

/// The value in the cluster. What is sent as `stringData` of a Secret is stored under `data`.
fn live_value(unstable: &Unstable, object: &ChartObject, live: &Value) -> Option<Value> {
    match unstable.path.segments() {
        [Segment::Key(table)] if table == PLAIN_DATA => return stored_texts(&object.object, live),
        [Segment::Key(table), Segment::Key(key)] if table == PLAIN_DATA => {
            return stored_text(live.get("data")?.get(key)?);
        }
        _ => {}
    }
    let others: BTreeSet<&FieldPath> = object.unstable.iter().map(|unstable| &unstable.path).collect();
    followed(&FieldPath::root(), unstable.path.segments(), &object.object, live, &others).cloned()
}

/// All texts of a Secret, where the keys of `stringData` are made at random. What is rendered under `data` is left out: it is
/// sent from there.
fn stored_texts(rendered: &Value, live: &Value) -> Option<Value> {
    let stored = live.get("data")?.as_object()?;
    let is_sent_as_data = |key: &str| rendered.get("data").is_some_and(|data| data.get(key).is_some());
    let others = stored.iter().filter(|(key, _)| !is_sent_as_data(key));
    let texts: Map<String, Value> =
        others.filter_map(|(key, value)| Some((key.clone(), stored_text(value)?))).collect();
    (!texts.is_empty()).then_some(Value::Object(texts))
}

/// A value of `data`, as it is sent under `stringData`.
fn stored_text(value: &Value) -> Option<Value> {
    let bytes = STANDARD.decode(value.as_str()?).ok()?;
    String::from_utf8(bytes).ok().map(Value::from)
}

/// The live value at a path of the rendered object. An item of a list is found by its name; where it has none, the lists
/// must be the same but for what is made at random.
fn followed<'l>(
    at: &FieldPath,
    path: &[Segment],
    rendered: &Value,
    live: &'l Value,
    unstable: &BTreeSet<&FieldPath>,
) -> Option<&'l Value> {
    let Some((segment, rest)) = path.split_first() else { return Some(live) };
    let here = at.join(segment.clone());
    let below = segment.step(rendered)?;
    let live = match (segment, rendered, live) {
        (Segment::Index(index), Value::Array(rendered), Value::Array(live)) => {
            if let Some((key, name)) = name_in(below) {
                live.iter().find(|item| item.get(key) == Some(name))?
            } else {
                let same = |(number, (rendered, live)): (usize, (&Value, &Value))| {
                    rendered == live || unstable.contains(&at.index(number))
                };
                let is_same = rendered.len() == live.len() && rendered.iter().zip(live).enumerate().all(same);
                live.get(*index).filter(|_| is_same)?
            }
        }
        _ => segment.step(live)?,
    };
    followed(&here, rest, below, live, unstable)
}

/// The key by which an item of a list is told from others, with its value.
fn name_in(item: &Value) -> Option<(&'static str, &Value)> {
    NAMING_KEYS.iter().find_map(|key| Some((*key, item.get(key)?)))
}

/// The object as the cluster knows it.
pub(super) fn target(object: &Value, namespace: &str, facts: &Facts) -> Option<Target> {
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
