//! The words in the annotations of hooks: which of them does Helm know?

use std::collections::BTreeSet;

use serde_json::Value;

use super::chart_object::ChartObject;
use crate::blocks::codes;
use crate::blocks::keys::span_of;
use crate::blocks::object_filter::name_of;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::{list, nearest};
use crate::kubernetes::marks::{HELM_HOOK, HELM_HOOK_DELETE, HELM_HOOK_WEIGHT};
use crate::resource::{Ending, FieldPath, Phase};

/// The phases that are tests. They are no part of an apply.
/// Source: <https://helm.sh/docs/topics/charts_hooks/>
pub(super) const TESTS: [&str; 2] = ["test", "test-success"];
/// The endings after which the object of a hook is deleted, by the words that charts use. The third word of Helm,
/// `before-hook-creation`, is what always happens here: what is left of an earlier run makes room.
pub(super) const ENDINGS: [(&str, Ending); 2] =
    [("hook-succeeded", Ending::Succeeded), ("hook-failed", Ending::Failed)];
/// That third word.
const BEFORE: &str = "before-hook-creation";

/// The warning of a chart of which Helm leaves hooks out, because it does not know a phase in their annotations.
pub(super) fn unknown_phases(block: &Block, skipped: &[String]) -> Option<Diagnostic> {
    let names: Vec<String> = Phase::ALL.iter().map(|phase| name_of_phase(*phase)).collect();
    let known: Vec<&str> = names.iter().map(String::as_str).chain(TESTS).collect();
    let all = skipped.iter().flat_map(|annotation| words(annotation)).collect();
    let consequence = format!(
        "Helm leaves out what has such a phase in its annotation `{HELM_HOOK}`, and so does regplan: it is never made. \
         Mend the annotation in the chart"
    );
    unknown(block, &all, &known, "of a phase", &consequence)
}

/// The warnings of hooks whose annotations say something that Helm does not know, and that has no effect.
pub(super) fn without_effect<'o>(
    block: &Block,
    objects: impl Iterator<Item = &'o ChartObject>,
) -> Vec<Diagnostic> {
    let hooks: Vec<&ChartObject> = objects.filter(|object| object.hook.is_some()).collect();
    let known: Vec<&str> = ENDINGS.iter().map(|(word, _)| *word).chain([BEFORE]).collect();
    let policies =
        hooks.iter().filter_map(|hook| annotation(&hook.object, HELM_HOOK_DELETE)).flat_map(words).collect();
    let consequence = format!(
        "Such a word has no effect, so what the hook leaves may stay. Mend the annotation `{HELM_HOOK_DELETE}` in the chart"
    );
    let policy = unknown(block, &policies, &known, "with a policy of deletion", &consequence);
    let weights = hooks
        .iter()
        .filter(|hook| annotation(&hook.object, HELM_HOOK_WEIGHT).is_some_and(|text| weight(text).is_none()));
    let named: BTreeSet<String> = weights.filter_map(|hook| name_of(&hook.object)).collect();
    let weight = (!named.is_empty()).then(|| {
        let message = format!(
            "`{}` has hooks whose weight is no whole number: {}",
            block.address,
            list(named.iter().map(String::as_str))
        );
        let help = format!(
            "Helm takes such a weight for 0, and so does regplan, so they may run before what they need. Mend the annotation \
             `{HELM_HOOK_WEIGHT}` in the chart"
        );
        warning(block, message, help)
    });
    policy.into_iter().chain(weight).collect()
}

/// The warning of words that Helm does not know, with those that were probably meant; `None` where it knows all of them.
fn unknown(
    block: &Block,
    found: &BTreeSet<String>,
    known: &[&str],
    what: &str,
    consequence: &str,
) -> Option<Diagnostic> {
    let unknown: Vec<&str> = found.iter().map(String::as_str).filter(|word| !known.contains(word)).collect();
    if unknown.is_empty() {
        return None;
    }
    let message = format!(
        "`{}` has hooks {what} that Helm does not have: {}",
        block.address,
        list(unknown.iter().copied())
    );
    let near: BTreeSet<&str> =
        unknown.iter().filter_map(|word| nearest(word, known.iter().copied())).collect();
    let near: Vec<String> = near.into_iter().map(|word| format!("`{word}`")).collect();
    let meant = if near.is_empty() { String::new() } else { format!("did you mean {}? ", near.join(", ")) };
    Some(warning(block, message, format!("{meant}{consequence}")))
}

fn warning(block: &Block, message: String, help: String) -> Diagnostic {
    Diagnostic::warning(codes::HELM_HOOKS, message).at(span_of(block, ["chart"]), "").help(help)
}

/// How charts call a phase.
pub(super) fn name_of_phase(phase: Phase) -> String {
    serde_json::to_value(phase).ok().and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
}

/// An annotation of an object.
pub(super) fn annotation<'o>(object: &'o Value, key: &str) -> Option<&'o str> {
    FieldPath::keys(["metadata", "annotations", key]).get(object)?.as_str()
}

/// The weight that an annotation says; `None` where it is no whole number.
pub(super) fn weight(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

/// The words of an annotation.
pub(super) fn words(list: &str) -> impl Iterator<Item = String> {
    list.split(',').map(|word| word.trim().to_ascii_lowercase()).filter(|word| !word.is_empty())
}
