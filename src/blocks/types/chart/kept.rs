//! The fields that a chart makes anew each time: once they are in the cluster, they stay as they are there.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::batch::{self, Course, Members};
use super::chart_object::{ChartObject, Kept, Unstable};
use super::ending;
use super::frame::Times;
use crate::blocks::codes;
use crate::blocks::facts::{ChartPast, Fact, Facts, LiveObject, Need};
use crate::blocks::keys::span_of;
use crate::blocks::object_filter::name_of;
use crate::blocks::scope::Scopes;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::list;
use crate::kubernetes::certificate_texts::near_end;
use crate::resource::{
    Address, Batch, FieldPath, GroupKind, Identity, NAMING_KEYS, Segment, Target, api_version_parts, hex,
};

/// The shortest digest, in hexadecimal digits, that is taken for one: an MD5.
const SHORTEST_DIGEST: usize = 32;
/// The table of a Secret whose texts are not encoded. It is only sent: the server keeps them under `data`.
const PLAIN_DATA: &str = "stringData";

/// The live objects that must be known. One that only carries a digest over others says nothing.
pub(super) fn needs(objects: &[ChartObject], namespace: &str, facts: &Facts) -> Vec<Need> {
    let sources = objects.iter().filter(|object| sources(object).next().is_some());
    sources.filter_map(|object| Some(Need::Live(target(&object.object, namespace, facts)?))).collect()
}

/// Gives the fields the values that they have in the cluster. What is asked to be made anew is made anew with all that the
/// chart makes at random, since a certificate may be signed by the authority beside it. What is not there yet gets new
/// values alone: the others may be in use.
pub(super) fn keep(
    block: &Block,
    objects: &mut [ChartObject],
    rendered_from: Option<&str>,
    namespace: &str,
    facts: &Facts,
    mistakes: &mut Vec<Diagnostic>,
) {
    let (mut lost, mut told, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    let found: Vec<Found> = objects.iter().map(|object| look(object, namespace, facts)).collect();
    let past = past(block, facts);
    let members = members(objects, &found, namespace, facts);
    let is_wanted_anew = found.contains(&Found::Unwanted) || past.is_renewed;
    let is_hidden = found.iter().any(|found| matches!(found, Found::Lost | Found::Unknown(_)));
    let course = match batch::course(&members, &past.random) {
        _ if is_wanted_anew => Course::New,
        // What is lost, or cannot be read, is no reason to make anew what may be in use.
        Course::New if is_hidden => Course::Stays(None),
        course => course,
    };
    mistakes.extend(batch::tell(block, namespace, &members, &course, past));
    let (is_renewed, batch) = match course {
        Course::New | Course::Resumed => (true, Some(Batch::New)),
        Course::Torn => (false, past.random.cut_off.clone().map(Batch::Of)),
        Course::Stays(batch) => (false, batch),
    };
    for (object, found) in objects.iter_mut().zip(found) {
        let values = match found {
            Found::None => continue,
            Found::Unknown(reason) if !is_renewed => {
                object.unstable.iter_mut().for_each(|unstable| unstable.kept = Kept::Unknown(reason.clone()));
                continue;
            }
            Found::Lost if !is_renewed => {
                lost.extend(target(&object.object, namespace, facts).map(|target| target.identity));
                continue;
            }
            Found::Values(values) if !is_renewed => values,
            _ => BTreeMap::new(),
        };
        object.batch.clone_from(&batch);
        let times = times(object, rendered_from, past, namespace, facts);
        let name = name_of(&object.object).unwrap_or_default();
        for unstable in &mut object.unstable {
            let Some(value) = values.get(&unstable.path) else {
                unstable.kept = Kept::Nothing;
                continue;
            };
            let field = format!("{name}:{}", unstable.path);
            let end = past.now.and_then(|now| near_end(value, now));
            ends.extend(end.map(|end| (field.clone(), end)));
            if !unstable.frame.fits(value, times) {
                told.push(field);
            }
            unstable.path.set(&mut object.object, value.clone());
        }
    }
    mistakes.extend(past.now.and_then(|now| ending::told(block, ends, now)));
    if !lost.is_empty() {
        mistakes.push(lost_values(block, namespace, &lost));
    }
    if !told.is_empty() {
        mistakes.push(not_followed(block, &told));
    }
    set_digests(objects);
}

/// Whether a time beside something random says that a text has changed. Where the object was sent as rendered from the same,
/// only the time has, and the user was told of everything else when that was applied.
fn times(
    object: &ChartObject,
    rendered_from: Option<&str>,
    past: &ChartPast,
    namespace: &str,
    facts: &Facts,
) -> Times {
    let target = target(&object.object, namespace, facts);
    let sent = target.and_then(|target| past.sent.get(&target.identity));
    let is_from_same = sent.is_some_and(|sent| sent.rendered_from.as_deref() == rendered_from);
    if is_from_same && rendered_from.is_some() { Times::Pass } else { Times::Count }
}

/// What is known of the chart. Where nobody has looked, it is new.
pub(super) fn past<'f>(block: &Block, facts: &'f Facts) -> &'f ChartPast {
    const NONE: &ChartPast = &ChartPast::NONE;
    match facts.get(&Need::Past(block.address.clone())) {
        Some(Fact::Past(past)) => past,
        _ => NONE,
    }
}

/// The objects that have something random, by whether they are there.
fn members(objects: &[ChartObject], found: &[Found], namespace: &str, facts: &Facts) -> Members {
    let mut members = Members::default();
    for (object, found) in objects.iter().zip(found) {
        let list = match found {
            Found::Values(_) => &mut members.there,
            Found::Absent => &mut members.absent,
            Found::None | Found::Unwanted | Found::Lost | Found::Unknown(_) => continue,
        };
        list.extend(target(&object.object, namespace, facts).map(|target| target.identity));
    }
    members
}

/// What the cluster has of an object.
#[derive(PartialEq)]
enum Found {
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

fn look(object: &ChartObject, namespace: &str, facts: &Facts) -> Found {
    if sources(object).next().is_none() {
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
    let values = sources(object)
        .filter_map(|unstable| Some((unstable.path.clone(), live_value(unstable, object, &live.object)?)));
    Found::Values(values.collect())
}

/// The fields whose values are made at random and stay; a digest is computed from them. A hook gets new values each time
/// that it runs.
fn sources(object: &ChartObject) -> impl Iterator<Item = &Unstable> {
    let fields = object.unstable.iter().filter(|_| object.hook.is_none());
    fields.filter(|unstable| !is_digest(&unstable.path, &object.object))
}

/// The mistake for values that the cluster has lost.
fn lost_values(block: &Block, namespace: &str, lost: &[Identity]) -> Diagnostic {
    let addresses = lost.iter().map(|lost| Address::object(block.address.clone(), lost, Some(namespace)));
    let (objects, consents): (Vec<_>, Vec<_>) = addresses
        .map(|address| {
            let consent = format!("--consent {address}");
            (address.object.map(|object| object.to_string()).unwrap_or_default(), consent)
        })
        .unzip();
    let named = list(objects.iter().map(String::as_str));
    let message = format!(
        "what `{}` made at random is lost: it is not in the cluster any more, in {named}",
        block.address
    );
    Diagnostic::error(codes::LOST_SECRET, message)
        .at(span_of(block, ["chart"]), "")
        .help(format!("restore it, or agree to new values there: `{}`", consents.join(" ")))
}

/// Says that the rest of a text has changed, and that the text stays as it is.
fn not_followed(block: &Block, told: &[String]) -> Diagnostic {
    let named = list(told.iter().map(String::as_str));
    let message = format!(
        "`{}` has changed texts that hold something random, and they stay as they are",
        block.address
    );
    Diagnostic::warning(codes::CHART_NOT_FOLLOWED, message).at(span_of(block, ["chart"]), "").help(format!(
        "{named}. To make all that the chart makes at random anew, and these texts with it, use \
         `regplan rotate {}`",
        block.address
    ))
}

/// A digest over what a chart makes anew each time is made anew as well. Nobody knows over which objects it is: so it gets
/// the digest of all that pods may read, with what is kept, and changes, and pods are rolled, when something else there does.
fn set_digests(objects: &mut [ChartObject]) {
    let mut digest = Sha256::new();
    let mut kept = Kept::Live;
    for object in objects.iter().filter(|object| is_digested(object)) {
        let mut content = object.object.clone();
        // A digest in it would be a digest over itself.
        for path in digests(object) {
            path.remove(&mut content);
        }
        digest.update(content.to_string());
        let others = sources(object).map(|unstable| &unstable.kept);
        kept = others.filter(|kept| **kept != Kept::Live).last().cloned().unwrap_or(kept);
    }
    let digest = hex(&digest.finalize());
    for object in objects {
        for path in digests(object) {
            path.set(&mut object.object, Value::from(digest.as_str()));
            for unstable in object.unstable.iter_mut().filter(|unstable| unstable.path == path) {
                unstable.kept = kept.clone();
            }
        }
    }
}

/// Whether a digest may be over an object: pods read it, or a part of it is random. What hooks run says nothing of pods.
fn is_digested(object: &ChartObject) -> bool {
    let is_read =
        Identity::of(&object.object).is_some_and(|one| one.is("", "ConfigMap") || one.is("", "Secret"));
    object.hook.is_none() && (is_read || sources(object).next().is_some())
}

fn digests(object: &ChartObject) -> Vec<FieldPath> {
    let paths = object.unstable.iter().map(|unstable| &unstable.path);
    paths.filter(|path| is_digest(path, &object.object)).cloned().collect()
}

/// Whether the field is a digest in an annotation, as charts put it on pods to have them rolled.
pub(super) fn is_digest(path: &FieldPath, object: &Value) -> bool {
    let [.., Segment::Key(table), Segment::Key(_)] = path.segments() else { return false };
    let is_hexadecimal =
        |text: &str| text.len() >= SHORTEST_DIGEST && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    table == "annotations" && path.get(object).and_then(Value::as_str).is_some_and(is_hexadecimal)
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
