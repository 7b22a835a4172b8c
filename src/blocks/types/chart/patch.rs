//! Changes of single objects, for what a chart has no value for.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::options::PatchKeys;
use crate::blocks::codes;
use crate::blocks::keys::{key_text, span_of};
use crate::blocks::object_filter::name_of;
use crate::config::Block;
use crate::diagnostic::nearest::suggest;
use crate::diagnostic::{Diagnostic, Span};
use crate::resource::{Expression, FieldPath, Origin, Segment};

/// How a path is written.
const AS_PRINTED: &str = "write it as a plan prints it, as in `spec.template.spec.containers[web].image`; a key with a dot or a slash \
                          stands in brackets and quotes: `'metadata.annotations[\"example.com/team\"]'`";
/// What to do where a chart does not have what is to be changed.
const LOOK: &str = "`regplan render` shows the objects as they are now: the chart may have changed, or the path may be misspelt";
/// Tables whose values are texts, so that a path goes on with one key and no further: of the object itself, and of the template
/// that it has of others.
const TABLES_OF_TEXTS: [&[&str]; 6] = [
    &["metadata", "labels"],
    &["metadata", "annotations"],
    &["spec", "selector", "matchLabels"],
    &["spec", "template", "metadata", "labels"],
    &["spec", "template", "metadata", "annotations"],
    &["spec", "template", "spec", "nodeSelector"],
];
const DATA: [&str; 3] = ["data", "stringData", "binaryData"];
const WITH_DATA: [&str; 2] = ["ConfigMap", "Secret"];

/// A change of an object.
pub(super) struct Patch {
    kind: String,
    name: Option<String>,
    set: Vec<Setting>,
    remove: Vec<(FieldPath, Span)>,
    at: Span,
}

/// A field that gets a value.
struct Setting {
    path: FieldPath,
    value: Value,
    origin: Origin,
    at: Span,
}

/// Reads the changes. A path that is none is a mistake.
pub(super) fn read(block: &Block, keys: Vec<PatchKeys>, mistakes: &mut Vec<Diagnostic>) -> Vec<Patch> {
    let all = span_of(block, ["patch"]);
    let span = |key: &FieldPath| block.body.find(key).map_or(all, |node| node.span);
    let mut patches = Vec::new();
    for (number, PatchKeys { kind, name, set, remove }) in keys.into_iter().enumerate() {
        let patch = FieldPath::keys(["patch"]).index(number);
        let mut settings = Vec::new();
        for (text, value) in set {
            let key = patch.key("set").key(text.as_str());
            let at = span(&key);
            if has_mark(&value) {
                let message = "a patch takes no `${…}`";
                let help = "give the chart the value by `values`";
                mistakes
                    .push(Diagnostic::error(codes::REFERENCE_NOT_EXPECTED, message).at(at, "").help(help));
            }
            if let Some(path) = path(&text, &kind, at, mistakes) {
                let origin = Origin::of_key(key_text(block, &key), Some(at));
                settings.push(Setting { path, value, origin, at });
            }
        }
        let removed = remove.iter().enumerate().filter_map(|(number, text)| {
            let at = span(&patch.key("remove").index(number));
            Some((path(text, &kind, at, mistakes)?, at))
        });
        let remove = removed.collect();
        patches.push(Patch { kind, name, set: settings, remove, at: span(&patch) });
    }
    patches
}

/// The path that a text names in an object of this kind.
fn path(text: &str, kind: &str, at: Span, mistakes: &mut Vec<Diagnostic>) -> Option<FieldPath> {
    let parsed = text.parse::<FieldPath>().ok().filter(|path| !path.segments().is_empty());
    let (message, help) = match parsed {
        None => (format!("`{text}` is no path of a field"), AS_PRINTED.to_owned()),
        Some(path) if path.names_the_object() => (
            format!("`{text}` says which object it is, and stays"),
            "take it out: a patch changes fields of an object, and not which object it is".to_owned(),
        ),
        Some(path) => match below_text(&path, kind) {
            None => return Some(path),
            Some((table, key)) => {
                let message = format!("`{text}` leads into a text: all values of `{table}` are texts");
                let help = match key {
                    Some(key) => format!(
                        "a key with a dot or a slash stands in brackets and quotes; if `{key}` is the key, write `'{}'`",
                        table.key(key.as_str())
                    ),
                    None => AS_PRINTED.to_owned(),
                };
                (message, help)
            }
        },
    };
    mistakes.push(Diagnostic::error(codes::BAD_VALUE, message).at(at, "").help(help));
    None
}

/// The table of texts below whose values a path leads, with the key that was probably meant.
fn below_text(path: &FieldPath, kind: &str) -> Option<(FieldPath, Option<String>)> {
    let segments = path.segments();
    let is_key = |segment: &Segment, key: &str| matches!(segment, Segment::Key(own) if own == key);
    let begins_with = |keys: &[&str], end: usize| {
        end == keys.len() && segments.iter().zip(keys).all(|(own, key)| is_key(own, key))
    };
    let has_data = WITH_DATA.contains(&kind) && DATA.iter().any(|key| is_key(&segments[0], key));
    let ends = 1..segments.len();
    let is_table =
        |end: &usize| (*end == 1 && has_data) || TABLES_OF_TEXTS.iter().any(|keys| begins_with(keys, *end));
    let end = ends.into_iter().find(is_table)?;
    let (table, rest) = segments.split_at(end);
    if matches!(rest, [Segment::Key(_)]) {
        return None;
    }
    Some((table.iter().cloned().collect(), meant(rest)))
}

/// The key that was probably meant by these steps: `example`, `com/team`; or `['example.com/team']`.
fn meant(steps: &[Segment]) -> Option<String> {
    let mut words = Vec::new();
    for step in steps {
        match step {
            Segment::Key(key) => words.push(key.as_str()),
            Segment::Item(keys) => match keys.as_slice() {
                [(name, text)] if name.is_empty() => words.push(text.trim_matches('\'')),
                _ => return None,
            },
            Segment::Index(_) => return None,
        }
    }
    Some(words.join("."))
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
    let mut wrong = |message: String, at: Span, help: String| {
        mistakes.push(Diagnostic::error(codes::RULE_WITHOUT_OBJECT, message).at(at, "").help(help));
    };
    for patch in patches {
        let mut found = false;
        for object in objects.iter_mut().filter(|object| patch.means(object)) {
            found = true;
            for (path, at) in patch.remove.iter().filter(|(path, _)| path.get(object).is_none()) {
                wrong(format!("{} has no `{path}` to take away", patch.named()), *at, LOOK.to_owned());
            }
            patch.change(object);
            for Setting { path, at, .. } in patch.set.iter().filter(|set| set.path.get(object).is_none()) {
                wrong(format!("{} has no place for `{path}`", patch.named()), *at, LOOK.to_owned());
            }
        }
        if !found {
            let names: Vec<String> = objects.iter().filter_map(name_of).collect();
            let message = format!("`{}` has no {} to change", block.address, patch.named());
            let help = suggest(&patch.named(), names.iter().map(String::as_str), "it has no objects");
            wrong(message, patch.at, help);
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
        for (path, _) in &self.remove {
            path.remove(object);
        }
        for Setting { path, value, .. } in &self.set {
            path.set(object, value.clone());
        }
    }

    /// Where the fields of an object come from that it sets, if the object is meant. Origins stand at places, not at names.
    pub(super) fn origins(&self, object: &Value) -> impl Iterator<Item = (FieldPath, Origin)> {
        let set = if self.means(object) { self.set.as_slice() } else { &[] };
        set.iter().map(|setting| (setting.path.indexed_in(object), setting.origin.clone()))
    }

    /// All that it says.
    pub(super) fn described(&self) -> Value {
        let set: BTreeMap<String, &Value> =
            self.set.iter().map(|setting| (setting.path.to_string(), &setting.value)).collect();
        let remove: Vec<String> = self.remove.iter().map(|(path, _)| path.to_string()).collect();
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
