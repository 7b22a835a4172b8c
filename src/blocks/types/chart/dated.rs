//! The fields that change with the time alone, as a date of rendering does: they stay as they were sent, as long as the
//! chart is rendered from the same.

use std::collections::BTreeSet;

use serde_json::Value;

use super::chart_object::{ChartObject, is_digest};
use super::live_values::target;
use super::time_words::is_later;
use crate::blocks::facts::{ChartPast, Facts, SentOfChart};
use crate::resource::{FieldPath, Identity, WITHHELD};

/// Gives the fields the values that were sent, where the chart was rendered from the same then (`rendered_from`). A digest
/// over them stays where nothing else has changed. Whether nothing else has.
pub(super) fn hold(
    objects: &mut [ChartObject],
    rendered_from: &str,
    past: &ChartPast,
    namespace: &str,
    facts: &Facts,
) -> bool {
    let mut open: BTreeSet<&Identity> = past.sent.keys().collect();
    let mut is_same = true;
    let mut digests = Vec::new();
    for object in objects.iter_mut().filter(|object| object.hook.is_none()) {
        let target = target(&object.object, namespace, facts);
        let Some((identity, sent)) =
            target.as_ref().and_then(|target| past.sent.get_key_value(&target.identity))
        else {
            is_same = false;
            continue;
        };
        open.remove(identity);
        let is_from_same = sent.rendered_from.as_deref() == Some(rendered_from);
        for (path, value) in differences(object, sent) {
            if !is_from_same {
                is_same = false;
            } else if is_digest(&path, &object.object) {
                digests.push((identity, path, value));
            } else if !path.names_the_object()
                && path.get(&object.object).is_some_and(|now| is_later(now, &value))
            {
                path.set(&mut object.object, value);
            } else {
                is_same = false;
            }
        }
    }
    is_same &= open.is_empty();
    if is_same {
        for object in objects.iter_mut() {
            let target = target(&object.object, namespace, facts);
            let of_object =
                |identity: &Identity| target.as_ref().is_some_and(|target| target.identity == *identity);
            for (_, path, value) in digests.iter().filter(|(identity, ..)| of_object(identity)) {
                path.set(&mut object.object, value.clone());
            }
        }
    }
    is_same
}

/// The fields of an object that were sent with another value, each with that value. What is random or secret is left out:
/// the record does not have it, or it is kept anyway.
fn differences(object: &ChartObject, sent: &SentOfChart) -> Vec<(FieldPath, Value)> {
    let random = object.unstable.iter().map(|unstable| &unstable.path);
    let left_out: BTreeSet<&FieldPath> = random.chain(&object.secret).collect();
    let mut found = Vec::new();
    differing(&FieldPath::root(), &object.object, &sent.object, &left_out, &mut found);
    found
}

/// Where two values differ that are there on both sides. What only one side has is no matter of time, and may come from
/// what is done with an object later.
fn differing(
    at: &FieldPath,
    rendered: &Value,
    sent: &Value,
    left_out: &BTreeSet<&FieldPath>,
    found: &mut Vec<(FieldPath, Value)>,
) {
    if left_out.contains(at) || sent.as_str() == Some(WITHHELD) {
        return;
    }
    match (rendered, sent) {
        (Value::Object(rendered), Value::Object(sent)) => {
            for (key, rendered) in rendered {
                if let Some(sent) = sent.get(key) {
                    differing(&at.key(key.as_str()), rendered, sent, left_out, found);
                }
            }
        }
        (Value::Array(rendered), Value::Array(sent)) if rendered.len() == sent.len() => {
            for (index, (rendered, sent)) in rendered.iter().zip(sent).enumerate() {
                differing(&at.index(index), rendered, sent, left_out, found);
            }
        }
        (rendered, sent) if rendered == sent => {}
        (_, sent) => found.push((at.clone(), sent.clone())),
    }
}
