//! The objects of a chart that are run at moments, and are not there for ever: its hooks.

use std::collections::BTreeSet;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::chart_object::{ChartObject, HookNotes, Kept};
use super::hook_words::{ENDINGS, TESTS, annotation, name_of_phase, weight, words};
use super::options::HooksKey;
use crate::blocks::codes;
use crate::blocks::keys::span_of;
use crate::blocks::object_filter::name_of;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::kinds::holds_more_than_itself;
use crate::kubernetes::marks::{HELM_HOOK, HELM_HOOK_DELETE, HELM_HOOK_WEIGHT};
use crate::resource::{Hook, Identity, Moment, Phase, hex};

/// The objects of a chart, told apart.
#[derive(Default)]
pub(super) struct ToldApart {
    /// What is there for ever, and what runs when the chart changes. What runs is marked as such.
    pub(super) objects: Vec<ChartObject>,
    /// What runs when somebody looks whether the chart works.
    pub(super) tests: Vec<ChartObject>,
}

/// What the annotation of a hook says about when it runs.
enum Role {
    /// It is an object like any other.
    Object,
    /// It runs in these phases; without any, it is a test alone.
    Run(BTreeSet<Phase>),
}

/// The objects of a chart without the hooks that nobody wants.
pub(super) fn told_apart(
    block: &Block,
    objects: Vec<ChartObject>,
    wanted: &HooksKey,
    mistakes: &mut Vec<Diagnostic>,
) -> ToldApart {
    let mut told = ToldApart::default();
    for mut object in objects {
        if wanted.wants_tests() && is_test(&object.object) {
            let test = notes(&object.object, [Phase::Test].into());
            told.tests.push(ChartObject { hook: Some(test), ..object.clone() });
        }
        match role(&object.object) {
            Role::Object => told.objects.push(object),
            Role::Run(phases) => {
                let phases: BTreeSet<Phase> =
                    phases.into_iter().filter(|phase| wanted.wants(*phase)).collect();
                if phases.is_empty() {
                    continue;
                }
                // What holds data or others is never made anew, so it is no run: it is there from then on.
                let stays = Identity::of(&object.object).is_some_and(|one| holds_more_than_itself(&one));
                if !stays {
                    mistakes.extend(on_both_sides(block, &object.object, &phases));
                    object.unstable.iter_mut().for_each(|unstable| unstable.kept = Kept::Nothing);
                    object.hook = Some(notes(&object.object, phases));
                }
                told.objects.push(object);
            }
        }
    }
    told
}

/// The content that hooks run with. Where nothing but the time has changed in what their chart is rendered from (`same`), it
/// is the one with which they ran then.
pub(super) fn content(
    objects: &[ChartObject],
    from: Option<&str>,
    same: Option<&str>,
    known: &BTreeSet<String>,
) -> String {
    let is_from_same = |known: &&String| same.is_some() && Hook::rendered_from(known) == same;
    let then = known.iter().find(is_from_same);
    then.cloned().unwrap_or_else(|| Hook::content_of(&digest(objects), from))
}

/// The digest of all that a chart renders, but for its secrets and for what it makes at random.
fn digest(objects: &[ChartObject]) -> String {
    let mut digest = Sha256::new();
    for object in objects {
        let mut content = object.object.clone();
        let random = object.unstable.iter().map(|unstable| &unstable.path);
        for path in random.chain(&object.secret) {
            path.set(&mut content, Value::Null);
        }
        digest.update(content.to_string());
    }
    format!("sha256:{}", hex(&digest.finalize()))
}

fn role(object: &Value) -> Role {
    let Some(phases) = annotation(object, HELM_HOOK) else { return Role::Object };
    let phases: Vec<String> = words(phases).collect();
    if phases.is_empty() {
        return Role::Object;
    }
    // What has a phase that Helm does not know, it has left out.
    let is_named = |phase: &&Phase| phases.contains(&name_of_phase(**phase));
    Role::Run(Phase::ALL.iter().filter(is_named).copied().collect())
}

/// Whether it runs when somebody looks whether the chart works.
fn is_test(object: &Value) -> bool {
    let phases = annotation(object, HELM_HOOK).unwrap_or_default();
    words(phases).any(|phase| TESTS.contains(&phase.as_str()))
}

fn notes(object: &Value, phases: BTreeSet<Phase>) -> HookNotes {
    let weight = annotation(object, HELM_HOOK_WEIGHT).and_then(weight);
    let policy: Vec<String> = words(annotation(object, HELM_HOOK_DELETE).unwrap_or_default()).collect();
    let deleted_after =
        ENDINGS.iter().filter(|(word, _)| policy.iter().any(|one| one == word)).map(|(_, ending)| *ending);
    HookNotes { phases, weight: weight.unwrap_or_default(), deleted_after: deleted_after.collect() }
}

/// The mistake of an object that would have to run twice in one apply.
fn on_both_sides(block: &Block, object: &Value, phases: &BTreeSet<Phase>) -> Option<Diagnostic> {
    let moments: Vec<Moment> = phases.iter().map(|phase| phase.place().1).collect();
    let distinct: BTreeSet<&Moment> = moments.iter().collect();
    if distinct.len() == moments.len() {
        return None;
    }
    let name = name_of(object).unwrap_or_default();
    let message = format!("`{}` runs {name} both before and after the same change", block.address);
    let help = "regplan runs an object once in an apply: name the phases that are to run, and leave one of the two out, \
                as in `hooks = [\"pre-install\", \"pre-upgrade\"]`";
    Some(Diagnostic::error(codes::HELM_HOOKS, message).at(span_of(block, ["chart"]), "").help(help))
}
