//! The fields that a chart makes anew each time: once they are in the cluster, they stay as they are there.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::batch::{self, Course, Members};
use super::chart_object::{ChartObject, Kept};
use super::ending;
use super::frame::Times;
use super::live_values::{Found, look, target};
use crate::blocks::codes;
use crate::blocks::facts::{ChartPast, Fact, Facts, Need};
use crate::blocks::keys::span_of;
use crate::blocks::object_filter::name_of;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::list;
use crate::kubernetes::certificate_texts::near_end;
use crate::resource::{Address, Batch, FieldPath, Identity, hex};

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
    let found: Vec<Found> = objects.iter().map(|object| look(object, namespace, facts)).collect();
    let past = past(block, facts);
    let members = members(objects, &found, namespace, facts);
    let course = course(&found, &members, past);
    mistakes.extend(batch::tell(block, namespace, &members, &course, past));
    let (is_renewed, batch) = match course {
        Course::New | Course::Resumed => (true, Some(Batch::New)),
        Course::Torn => (false, past.random.cut_off.clone().map(Batch::Of)),
        Course::Stays(batch) => (false, batch),
    };
    let mut remarks = Remarks::default();
    for (object, found) in objects.iter_mut().zip(found) {
        let values = match found {
            Found::None => continue,
            Found::Unknown(reason) if !is_renewed => {
                object.unstable.iter_mut().for_each(|unstable| unstable.kept = Kept::Unknown(reason.clone()));
                continue;
            }
            Found::Lost if !is_renewed => {
                remarks.lost.extend(target(&object.object, namespace, facts).map(|target| target.identity));
                continue;
            }
            Found::Values(values) if !is_renewed => values,
            _ => BTreeMap::new(),
        };
        object.batch.clone_from(&batch);
        let times = times(object, rendered_from, past, namespace, facts);
        give(object, &values, times, past.now, &mut remarks);
    }
    mistakes.extend(remarks.told(block, namespace, past.now));
    set_digests(objects);
}

/// What becomes of all that the chart makes at random.
fn course(found: &[Found], members: &Members, past: &ChartPast) -> Course {
    if found.contains(&Found::Unwanted) || past.is_renewed {
        return Course::New;
    }
    match batch::course(members, &past.random) {
        // What is lost, or cannot be read, is no reason to make anew what may be in use.
        Course::New if found.iter().any(|found| matches!(found, Found::Lost | Found::Unknown(_))) => {
            Course::Stays(None)
        }
        course => course,
    }
}

/// Gives the fields of an object these values; the others are new.
fn give(
    object: &mut ChartObject,
    values: &BTreeMap<FieldPath, Value>,
    times: Times,
    now: Option<Timestamp>,
    remarks: &mut Remarks,
) {
    let name = name_of(&object.object).unwrap_or_default();
    for unstable in &mut object.unstable {
        let Some(value) = values.get(&unstable.path) else {
            unstable.kept = Kept::Nothing;
            continue;
        };
        let field = format!("{name}:{}", unstable.path);
        let end = now.and_then(|now| near_end(value, now));
        remarks.ends.extend(end.map(|end| (field.clone(), end)));
        if !unstable.frame.fits(value, times) {
            remarks.not_followed.push(field);
        }
        unstable.path.set(&mut object.object, value.clone());
    }
}

/// What the user is to know of what is kept.
#[derive(Default)]
struct Remarks {
    /// The objects whose values the cluster has lost.
    lost: Vec<Identity>,
    /// The fields whose text has changed beside what is random, and stays as it is.
    not_followed: Vec<String>,
    /// The fields in which certificates end soon, with that end.
    ends: Vec<(String, Timestamp)>,
}

impl Remarks {
    fn told(self, block: &Block, namespace: &str, now: Option<Timestamp>) -> Vec<Diagnostic> {
        let ends = now.and_then(|now| ending::told(block, self.ends, now));
        let lost = (!self.lost.is_empty()).then(|| lost_values(block, namespace, &self.lost));
        let told = (!self.not_followed.is_empty()).then(|| not_followed(block, &self.not_followed));
        ends.into_iter().chain(lost).chain(told).collect()
    }
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
        for path in object.digests() {
            path.remove(&mut content);
        }
        digest.update(content.to_string());
        let others = object.sources().map(|unstable| &unstable.kept);
        kept = others.filter(|kept| **kept != Kept::Live).last().cloned().unwrap_or(kept);
    }
    let digest = hex(&digest.finalize());
    for object in objects {
        for path in object.digests() {
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
    object.hook.is_none() && (is_read || object.sources().next().is_some())
}
