//! Changes of single objects, for what a chart has no value for.

use std::collections::BTreeMap;

use serde_json::{Value, json};

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

/// Pushes a mistake for every change that finds no object, no field to take away, or no place: the chart has changed.
pub(super) fn check(
    block: &Block,
    patches: &[Patch],
    mut objects: Vec<Value>,
    mistakes: &mut Vec<Diagnostic>,
) {
    let at = span_of(block, ["patch"]);
    for patch in patches {
        let mut found = false;
        for object in objects.iter_mut().filter(|object| patch.means(object)) {
            found = true;
            for path in patch.remove.iter().filter(|path| path.get(object).is_none()) {
                let message = format!("{} has no `{path}` to take away", patch.named());
                mistakes.push(Diagnostic::error(codes::RULE_WITHOUT_OBJECT, message).at(at, ""));
            }
            patch.change(object);
            for (path, _) in patch.set.iter().filter(|(path, _)| path.get(object).is_none()) {
                let message = format!("{} has no place for `{path}`", patch.named());
                mistakes.push(Diagnostic::error(codes::RULE_WITHOUT_OBJECT, message).at(at, ""));
            }
        }
        if !found {
            let names: Vec<String> = objects.iter().filter_map(name_of).collect();
            let message = format!("`{}` has no {} to change", block.address, patch.named());
            let help = suggest(&patch.named(), names.iter().map(String::as_str), "it has no objects");
            mistakes.push(Diagnostic::error(codes::RULE_WITHOUT_OBJECT, message).at(at, "").help(help));
        }
    }
}

impl Patch {
    /// Changes an object, if it is meant. It is done before renderings are compared, so that what is found out about a
    /// field is about the field that is sent.
    pub(super) fn change(&self, object: &mut Value) {
        if !self.means(object) {
            return;
        }
        for path in &self.remove {
            path.remove(object);
        }
        for (path, value) in &self.set {
            path.set(object, value.clone());
        }
    }

    /// All that it says.
    pub(super) fn described(&self) -> Value {
        let set: BTreeMap<String, &Value> =
            self.set.iter().map(|(path, value)| (path.to_string(), value)).collect();
        let remove: Vec<String> = self.remove.iter().map(ToString::to_string).collect();
        json!({"kind": self.kind, "name": self.name, "set": set, "remove": remove})
    }

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
