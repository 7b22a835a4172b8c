//! Changes of single objects, for what a chart has no value for.

use serde_json::Value;

use super::comparison::ChartObject;
use super::options::PatchKeys;
use crate::blocks::codes;
use crate::blocks::keys::span_of;
use crate::blocks::object_filter::name_of;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::suggest;
use crate::resource::{Expression, FieldPath};

/// A change of an object.
pub(super) struct Patch {
    kind: String,
    name: Option<String>,
    set: Vec<(FieldPath, Value)>,
    remove: Vec<FieldPath>,
}

/// Reads the changes. A path that is none is a mistake.
pub(super) fn read(block: &Block, keys: Vec<PatchKeys>, mistakes: &mut Vec<Diagnostic>) -> Vec<Patch> {
    let at = span_of(block, ["patch"]);
    let mut path = |text: &str| -> Option<FieldPath> {
        let parsed = text.parse::<FieldPath>().ok().filter(|path| !path.segments().is_empty());
        let reason = match &parsed {
            None => format!("`{text}` is no path of a field"),
            Some(path) if path.names_the_object() => format!("`{text}` says which object it is, and stays"),
            Some(_) => return parsed,
        };
        mistakes.push(
            Diagnostic::error(codes::BAD_VALUE, reason)
                .at(at, "")
                .help("write it as a plan prints it: `spec.template.spec.containers[web].image`"),
        );
        None
    };
    let mut patches = Vec::new();
    for PatchKeys { kind, name, set, remove } in keys {
        let set = set.into_iter().filter_map(|(text, value)| Some((path(&text)?, value))).collect();
        let remove = remove.iter().filter_map(|text| path(text)).collect();
        patches.push(Patch { kind, name, set, remove });
    }
    for patch in &patches {
        if patch.set.iter().any(|(_, value)| has_mark(value)) {
            let message = "a patch takes no `${…}`";
            mistakes.push(
                Diagnostic::error(codes::REFERENCE_NOT_EXPECTED, message)
                    .at(at, "")
                    .help("give the chart the value by `values`"),
            );
        }
    }
    patches
}

fn has_mark(value: &Value) -> bool {
    match value {
        Value::String(text) => Expression::has_mark(text),
        Value::Array(items) => items.iter().any(has_mark),
        Value::Object(map) => map.values().any(has_mark),
        _ => false,
    }
}

/// Makes the changes. One that finds no object, or no field to take away, is a mistake: the chart has changed.
pub(super) fn apply(
    block: &Block,
    patches: &[Patch],
    objects: &mut [ChartObject],
    mistakes: &mut Vec<Diagnostic>,
) {
    let at = span_of(block, ["patch"]);
    for patch in patches {
        let mut found = false;
        for ChartObject { object, unstable, secret, .. } in
            objects.iter_mut().filter(|object| patch.means(&object.object))
        {
            found = true;
            for path in &patch.remove {
                if path.remove(object).is_none() {
                    let message = format!("{} has no `{path}` to take away", patch.named());
                    mistakes.push(Diagnostic::error(codes::RULE_WITHOUT_OBJECT, message).at(at, ""));
                }
            }
            for (path, value) in &patch.set {
                if !path.set(object, value.clone()) {
                    let message = format!("{} has no place for `{path}`", patch.named());
                    mistakes.push(Diagnostic::error(codes::RULE_WITHOUT_OBJECT, message).at(at, ""));
                }
            }
            // What is given here is neither made anew each time nor a secret of the values.
            let is_given = |path: &FieldPath| patch.set.iter().any(|(given, _)| given == path);
            unstable.retain(|path| !is_given(path) && path.get(object).is_some());
            secret.retain(|path| !is_given(path) && path.get(object).is_some());
        }
        if !found {
            let names: Vec<String> = objects.iter().filter_map(|object| name_of(&object.object)).collect();
            let message = format!("`{}` has no {} to change", block.address, patch.named());
            let help = suggest(&patch.named(), names.iter().map(String::as_str), "it has no objects");
            mistakes.push(Diagnostic::error(codes::RULE_WITHOUT_OBJECT, message).at(at, "").help(help));
        }
    }
}

impl Patch {
    fn means(&self, object: &Value) -> bool {
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str);
        text("/kind") == Some(&self.kind)
            && self.name.as_deref().is_none_or(|name| text("/metadata/name") == Some(name))
    }

    fn named(&self) -> String {
        match &self.name {
            Some(name) => format!("{}/{name}", self.kind),
            None => self.kind.clone(),
        }
    }
}
