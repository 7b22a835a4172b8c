//! The objects of a chart that are no objects, but moments of a release: its hooks.

use serde_json::Value;

use super::chart_object::ChartObject;
use crate::blocks::codes;
use crate::blocks::keys::span_of;
use crate::blocks::object_filter::name_of;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::list;
use crate::kubernetes::marks::HELM_HOOK;
use crate::resource::FieldPath;

/// The moments that are tests.
/// Source: <https://helm.sh/docs/topics/charts_hooks/>
const TESTS: [&str; 3] = ["test", "test-success", "test-failure"];
/// The moment of Helm 2 at which definitions were made. Helm 3 takes such an object for a plain one.
const DEFINITION: &str = "crd-install";

/// The objects that are no hooks. Hooks that are neither tests nor left out on purpose are a mistake.
pub(super) fn without_hooks(
    block: &Block,
    objects: Vec<ChartObject>,
    wanted: bool,
    mistakes: &mut Vec<Diagnostic>,
) -> Vec<ChartObject> {
    let (hooks, objects): (Vec<_>, Vec<_>) =
        objects.into_iter().partition(|object| moments(&object.object).is_some());
    let runs = hooks.iter().filter(|hook| !is_test(&hook.object));
    let names: Vec<String> = runs.filter_map(|hook| name_of(&hook.object)).collect();
    if wanted && !names.is_empty() {
        let named = list(names.iter().map(String::as_str));
        let message = format!("`{}` has hooks, which regplan cannot run: {named}", block.address);
        mistakes.push(
            Diagnostic::error(codes::HELM_HOOKS, message)
                .at(span_of(block, ["chart"]), "")
                .help("switch them off by a value of the chart, or leave them out: `hooks = false`"),
        );
    }
    objects
}

/// The moments at which Helm runs the object; `None` for an object like any other.
fn moments(object: &Value) -> Option<Vec<&str>> {
    let hook = FieldPath::keys(["metadata", "annotations", HELM_HOOK]).get(object)?.as_str()?;
    let moments: Vec<&str> = hook.split(',').map(str::trim).filter(|moment| !moment.is_empty()).collect();
    (!moments.is_empty() && moments != [DEFINITION]).then_some(moments)
}

fn is_test(object: &Value) -> bool {
    moments(object).is_some_and(|moments| moments.iter().all(|moment| TESTS.contains(moment)))
}
