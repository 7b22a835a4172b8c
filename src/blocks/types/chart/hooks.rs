//! The objects of a chart that are run at moments, and are not there for ever: its hooks.

use std::collections::BTreeSet;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::chart_object::{ChartObject, HookNotes, Kept};
use super::options::HooksKey;
use crate::blocks::codes;
use crate::blocks::keys::span_of;
use crate::blocks::object_filter::name_of;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::list;
use crate::kubernetes::kinds::holds_more_than_itself;
use crate::kubernetes::marks::{HELM_HOOK, HELM_HOOK_DELETE, HELM_HOOK_WEIGHT};
use crate::resource::{Ending, FieldPath, Identity, Moment, Phase, hex};

/// The phases that are tests. They are no part of an apply.
/// Source: <https://helm.sh/docs/topics/charts_hooks/>
const TESTS: [&str; 3] = ["test", "test-success", "test-failure"];
/// The phase of Helm 2 in which definitions were made. Helm 3 takes such an object for a plain one.
const DEFINITION: &str = "crd-install";
/// The endings after which the object of a hook is deleted, by the words that charts use. The third word of Helm,
/// `before-hook-creation`, is what always happens here: what is left of an earlier run makes room.
const ENDINGS: [(&str, Ending); 2] = [("hook-succeeded", Ending::Succeeded), ("hook-failed", Ending::Failed)];

/// What the annotation of a hook says about when it runs.
enum Role {
    /// It is an object like any other.
    Object,
    /// It is a test.
    Test,
    /// It runs in these phases.
    Run(BTreeSet<Phase>),
    /// It runs in a phase that nobody knows.
    Unknown(String),
}

/// The objects of a chart without its tests and without the hooks that nobody wants. What runs is marked as such.
pub(super) fn told_apart(
    block: &Block,
    objects: Vec<ChartObject>,
    wanted: &HooksKey,
    mistakes: &mut Vec<Diagnostic>,
) -> Vec<ChartObject> {
    let mut told = Vec::new();
    let mut unknown = Vec::new();
    for mut object in objects {
        match role(&object.object) {
            Role::Object => told.push(object),
            Role::Test => {}
            Role::Unknown(phase) => {
                unknown.extend(name_of(&object.object).map(|name| format!("{name} ({phase})")));
            }
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
                told.push(object);
            }
        }
    }
    if !unknown.is_empty() {
        let named = list(unknown.iter().map(String::as_str));
        let message = format!("`{}` has hooks of a phase that Helm does not have: {named}", block.address);
        mistakes.push(
            Diagnostic::warning(codes::HELM_HOOKS, message)
                .at(span_of(block, ["chart"]), "")
                .help("they are left out, as Helm leaves them out"),
        );
    }
    told
}

/// The digest of all that a chart renders, but for its secrets and for what it makes at random.
pub(super) fn content(objects: &[ChartObject]) -> String {
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
    if phases.is_empty() || phases == [DEFINITION] {
        return Role::Object;
    }
    let runs = phases.iter().filter(|phase| !TESTS.contains(&phase.as_str()));
    let mut known = BTreeSet::new();
    for phase in runs {
        match serde_json::from_value(Value::from(phase.as_str())) {
            Ok(phase) => drop(known.insert(phase)),
            Err(_) => return Role::Unknown(phase.clone()),
        }
    }
    if known.is_empty() { Role::Test } else { Role::Run(known) }
}

fn notes(object: &Value, phases: BTreeSet<Phase>) -> HookNotes {
    let weight = annotation(object, HELM_HOOK_WEIGHT).and_then(|weight| weight.trim().parse().ok());
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

fn annotation<'o>(object: &'o Value, key: &str) -> Option<&'o str> {
    FieldPath::keys(["metadata", "annotations", key]).get(object)?.as_str()
}

fn words(list: &str) -> impl Iterator<Item = String> {
    list.split(',').map(|word| word.trim().to_ascii_lowercase()).filter(|word| !word.is_empty())
}
