//! A release of Helm that a chart takes over.

use serde_json::Value;

use super::ChartSpec;
use super::chart_object::ChartObject;
use crate::blocks::block_type::CompileContext;
use crate::blocks::codes;
use crate::blocks::facts::{Fact, Need};
use crate::blocks::keys::span_of;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::list;
use crate::resource::{
    FieldPath, HelmPast, HelmRecord, HelmRelease, Identity, Moment, RELEASE_NAME, RELEASE_NAMESPACE,
};

/// How many objects a message names.
const NAMED: usize = 5;

/// What must be known of the release; `None` where none is taken over.
pub(super) fn need(spec: &ChartSpec, context: &CompileContext<'_>) -> Option<Need> {
    spec.adopt?;
    let (namespace, name) = (spec.namespace(context).to_owned(), spec.release.clone());
    Some(Need::HelmRelease { namespace, name })
}

/// The release; `None` where none is taken over, or it cannot be. `moment` is what happens to the chart.
pub(super) fn release(
    block: &Block,
    spec: &ChartSpec,
    objects: &[ChartObject],
    moment: Moment,
    context: &CompileContext<'_>,
    mistakes: &mut Vec<Diagnostic>,
) -> Option<HelmRelease> {
    let need = need(spec, context)?;
    let at = span_of(block, ["adopt"]);
    let records = match context.facts.get(&need) {
        Some(Fact::HelmRelease(records)) => records,
        Some(Fact::Unknown(reason)) => {
            let message = format!("what Helm remembers of `{}` cannot be read: {reason}", spec.release);
            let help = format!(
                "allow regplan to list the Secrets and ConfigMaps of the namespace {}, or take `adopt` out",
                spec.namespace(context)
            );
            mistakes.push(Diagnostic::error(codes::HELM_RELEASE, message).at(at, "").help(help));
            return None;
        }
        _ => return None,
    };
    if let Some(newest) = records.iter().max_by_key(|record| record.revision) {
        mistakes.extend(mistake(block, spec, objects, newest));
    }
    let (name, namespace) = (spec.release.clone(), spec.namespace(context).to_owned());
    let past =
        if records.is_empty() && moment == Moment::Install { HelmPast::Unknown } else { HelmPast::Known };
    Some(HelmRelease { name, namespace, records: records.clone(), past })
}

/// Whether this is the release of the same chart, and what of it nobody manages from now on.
fn mistake(
    block: &Block,
    spec: &ChartSpec,
    objects: &[ChartObject],
    newest: &HelmRecord,
) -> Option<Diagnostic> {
    let at = span_of(block, ["adopt"]);
    let made: Vec<Identity> = objects.iter().filter_map(|object| Identity::of(&object.object)).collect();
    let namespace = newest.object.namespace.as_deref().unwrap_or_default();
    if !made.iter().any(|object| newest.has(object)) {
        let message = format!(
            "the release `{}` of Helm in the namespace {namespace} has none of the objects of `{}`",
            spec.release, block.address
        );
        let help = "its record stays, since it is that of another chart: name the right one with `release` and `namespace`, \
                    or take `adopt` out";
        return Some(Diagnostic::error(codes::HELM_RELEASE, message).at(at, "").help(help));
    }
    let is_made = |known: &&Identity| {
        let alone = HelmRecord { objects: vec![(*known).clone()], ..newest.clone() };
        made.iter().any(|object| alone.has(object))
    };
    let left: Vec<String> =
        newest.objects.iter().filter(|known| !is_made(known)).map(ToString::to_string).collect();
    if left.is_empty() {
        return None;
    }
    let more = left.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let named = list(left.iter().take(NAMED).map(String::as_str));
    let message = format!(
        "the release `{}` of Helm has objects that `{}` does not make: {named}{more}",
        spec.release, block.address
    );
    let help = "they stay in the cluster, and nobody manages them from then on: take the release over with the version and \
                the values that it has, or delete them by hand";
    Some(Diagnostic::warning(codes::HELM_RELEASE, message).at(at, "").help(help))
}

/// Gives an object the marks of its release, where Helm is to go on with it.
pub(super) fn keep_marks(object: &mut Value, release: &HelmRelease) {
    for (key, value) in [(RELEASE_NAME, &release.name), (RELEASE_NAMESPACE, &release.namespace)] {
        FieldPath::keys(["metadata", "annotations", key]).set(object, Value::from(value.as_str()));
    }
}
