//! The rules that every object must keep, whichever block it comes from: names, labels, annotations, data,
//! amounts.

use serde_json::Value;

use super::places::Places;
use crate::blocks::codes;
use crate::blocks::value_words::describe;
use crate::diagnostic::{Diagnostic, Severity};
use crate::kubernetes::encoded_bytes::decode;
use crate::kubernetes::names::{self, NameFault};
use crate::kubernetes::remains::{self, Remain};
use crate::resource::{Desired, Expression, FieldPath, Segment, is_builtin_group};

/// Pushes what is wrong with an object.
pub(in crate::blocks) fn check(desired: &Desired, places: &Places<'_>, mistakes: &mut Vec<Diagnostic>) {
    let mut check = ObjectCheck { desired, places, mistakes };
    check.name();
    // What a custom resource has under these keys is for its controller to judge.
    let is_builtin = is_builtin_group(&desired.identity.group);
    for metadata in METADATA.iter().take(if is_builtin { METADATA.len() } else { 1 }) {
        let path: FieldPath = FieldPath::keys(metadata.iter().copied());
        check.labels(&path.key("labels"));
        check.annotations(&path.key("annotations"));
    }
    check.data();
    check.remains();
    // The schema in a CRD describes amounts, and has none itself.
    if is_builtin && desired.identity.kind != "CustomResourceDefinition" {
        check.quantities(&mut FieldPath::root(), &desired.object);
    }
}

/// Where an object has metadata: its own, and that of the objects that it makes.
const METADATA: &[&[&str]] = &[
    &["metadata"],
    &["spec", "template", "metadata"],
    &["spec", "jobTemplate", "metadata"],
    &["spec", "jobTemplate", "spec", "template", "metadata"],
];

struct ObjectCheck<'a> {
    desired: &'a Desired,
    places: &'a Places<'a>,
    mistakes: &'a mut Vec<Diagnostic>,
}

impl ObjectCheck<'_> {
    fn push(&mut self, code: &'static str, path: &FieldPath, message: String) -> Option<&mut Diagnostic> {
        let place = self.places.of(&self.desired.origins, path);
        let key = match self.desired.origin(path) {
            // Its line says more.
            _ if place.is_in_file() => "",
            origin => origin.map_or("", |origin| &origin.key),
        };
        self.mistakes.push(place.mark(Diagnostic::error(code, message), key));
        self.mistakes.last_mut()
    }

    /// Says what some servers take and others do not.
    fn warn(&mut self, code: &'static str, path: &FieldPath, message: String) {
        if let Some(mistake) = self.push(code, path, message) {
            mistake.severity = Severity::Warning;
        }
    }

    /// Whether a text is not known yet, or may not be shown.
    fn is_hidden(&self, path: &FieldPath) -> bool {
        self.desired.unresolved.nearest(path).is_some()
            || self.desired.unchecked.nearest(path).is_some()
            || self.desired.sensitive.nearest(path).is_some()
    }

    fn name(&mut self) {
        let identity = &self.desired.identity;
        let path = FieldPath::keys(["metadata", "name"]);
        let told = |why: &str| format!("the name `{}` of a {} {why}", identity.name, identity.kind);
        // A reference in the name has been refused already.
        let ruled = if Expression::has_mark(&identity.name) {
            Ok(())
        } else {
            names::object_name(&identity.group_kind(), &identity.name)
        };
        match ruled {
            Ok(()) => {}
            Err(NameFault::Refused(why)) => drop(self.push(codes::INVALID_NAME, &path, told(&why))),
            Err(NameFault::Doubtful(why)) => self.warn(codes::INVALID_NAME, &path, told(&why)),
        }
        if let Some(namespace) = &identity.namespace
            && !Expression::has_mark(namespace)
            && let Err(why) = names::dns_label(namespace)
        {
            let message = format!("the namespace `{namespace}` {why}");
            self.push(codes::INVALID_NAME, &FieldPath::keys(["metadata", "namespace"]), message);
        }
    }

    fn labels(&mut self, path: &FieldPath) {
        for (key, value) in self.texts(path, "label", codes::INVALID_LABEL, names::qualified_name) {
            let at = path.key(key.as_str());
            if self.is_hidden(&at) {
                continue;
            }
            if let Err(why) = names::label_value(&value) {
                let message = format!("the value `{value}` of the label `{key}` {why}");
                self.push(codes::INVALID_LABEL, &at, message);
            }
        }
    }

    fn annotations(&mut self, path: &FieldPath) {
        /// How many bytes the server takes for all annotations of an object together.
        const MOST: usize = 256 << 10;
        let texts = self.texts(path, "annotation", codes::INVALID_ANNOTATION, names::annotation_key);
        let size: usize = texts.iter().map(|(key, value)| key.len() + value.len()).sum();
        if size > MOST {
            let message = format!("the annotations have {size} bytes; Kubernetes takes {MOST}");
            self.push(codes::INVALID_ANNOTATION, path, message);
        }
    }

    /// The entries of a map of texts whose keys follow a rule. What is wrong with keys and types is pushed.
    fn texts(
        &mut self,
        path: &FieldPath,
        what: &str,
        code: &'static str,
        rule: fn(&str) -> Result<(), String>,
    ) -> Vec<(String, String)> {
        let Some(map) = path.get(&self.desired.object).filter(|value| !value.is_null()) else {
            return Vec::new();
        };
        let Value::Object(map) = map else {
            self.push(code, path, format!("`{path}` must be a table of texts"));
            return Vec::new();
        };
        let mut texts = Vec::new();
        for (key, value) in map {
            let at = path.key(key.as_str());
            if let Err(why) = rule(key) {
                self.push(code, &at, format!("the key `{key}` of the {what} {why}"));
            }
            if let Some(text) = value.as_str() {
                texts.push((key.clone(), text.to_owned()));
                continue;
            }
            let message = format!("the {what} `{key}` must be text, and is {}", describe(value));
            if let Some(mistake) = self.push(code, &at, message) {
                mistake.help = Some(format!("put it in quotes: `\"{value}\"`"));
            }
        }
        texts
    }

    /// What is left of the time before in it.
    fn remains(&mut self) {
        let identity = &self.desired.identity;
        for remain in remains::remains(identity, &self.desired.object) {
            let path = match &remain {
                Remain::OldMark(key) => marked_at(&self.desired.object, key),
                Remain::OldDefinition => FieldPath::keys(["spec", "versions"]),
                Remain::OldKind | Remain::OldVersion | Remain::RemovedApi(_) => {
                    FieldPath::keys(["apiVersion"])
                }
                Remain::Tiller | Remain::TillerRights | Remain::Release => FieldPath::root(),
            };
            let message = format!("{identity} {}", remain.told());
            if let Some(mistake) = self.push(codes::OBSOLETE, &path, message) {
                mistake.severity = Severity::Warning;
                mistake.help = Some(remain.help());
            }
        }
    }

    /// The data of a `Secret` or `ConfigMap`.
    fn data(&mut self) {
        let identity = &self.desired.identity;
        let (secret, map) = (identity.is("", "Secret"), identity.is("", "ConfigMap"));
        if !secret && !map {
            return;
        }
        for table in ["data", "binaryData"] {
            let entries = match self.desired.object.get(table) {
                Some(Value::Object(entries)) => entries,
                None | Some(Value::Null) => continue,
                Some(_) if self.desired.unchecked.get(&FieldPath::keys([table])).is_some() => continue,
                Some(other) => {
                    let message = format!("`{table}` must be a table of texts, and is {}", describe(other));
                    self.push(codes::INVALID_DATA, &FieldPath::keys([table]), message);
                    continue;
                }
            };
            for (key, value) in entries {
                let path = FieldPath::keys([table, key]);
                if let Err(why) = names::data_key(key) {
                    self.push(codes::INVALID_NAME, &path, format!("the key `{key}` of the data {why}"));
                }
                let Some(text) = value.as_str() else {
                    let kind = describe(value);
                    let help = "put it in quotes";
                    let message = format!("the data under `{key}` must be text, and is {kind}");
                    if let Some(mistake) = self.push(codes::INVALID_DATA, &path, message) {
                        mistake.help = Some(help.to_owned());
                    }
                    continue;
                };
                let encoded = secret || table == "binaryData";
                let known = self.desired.unresolved.get(&path).is_none()
                    && self.desired.unchecked.get(&path).is_none();
                if encoded && known && decode(text).is_none() {
                    // The server's own answer is a 500 that names no key.
                    let message = format!("the data under `{key}` is not base64");
                    let help = if secret { "write plain text under `stringData`" } else { "encode it" };
                    if let Some(mistake) = self.push(codes::INVALID_DATA, &path, message) {
                        mistake.help = Some(help.to_owned());
                    }
                }
            }
        }
    }

    /// Amounts of resources, wherever they stand.
    fn quantities(&mut self, path: &mut FieldPath, value: &Value) {
        match value {
            Value::Object(map) => {
                for (key, below) in map {
                    let is_table = AMOUNTS.contains(&key.as_str()) && is_amounts_table(path, key);
                    path.within(Segment::Key(key.clone()), |path| match key.as_str() {
                        _ if is_table => self.amounts(path, below),
                        "sizeLimit" => self.amount(path, below),
                        "data" | "binaryData" | "metadata" => {}
                        _ => self.quantities(path, below),
                    });
                }
            }
            Value::Array(list) => {
                for (index, item) in list.iter().enumerate() {
                    path.within(Segment::Index(index), |path| self.quantities(path, item));
                }
            }
            _ => {}
        }
    }

    fn amounts(&mut self, path: &FieldPath, table: &Value) {
        let Value::Object(map) = table else { return };
        for (key, value) in map {
            self.amount(&path.key(key.as_str()), value);
        }
    }

    fn amount(&mut self, path: &FieldPath, value: &Value) {
        if self.is_hidden(path) {
            return;
        }
        let why = match value {
            Value::String(text) => match names::quantity(text) {
                Ok(()) => return,
                Err(why) => format!("`{text}` {why}"),
            },
            Value::Number(_) | Value::Null => return,
            other => format!("an amount is text or a number, and this is {}", describe(other)),
        };
        self.push(codes::INVALID_QUANTITY, path, format!("`{path}`: {why}"));
    }
}

/// Where a label or an annotation stands.
fn marked_at(object: &Value, key: &str) -> FieldPath {
    let tables = METADATA.iter().flat_map(|metadata| {
        ["labels", "annotations"].map(|table| FieldPath::keys(metadata.iter().copied()).key(table).key(key))
    });
    tables.into_iter().find(|path| path.get(object).is_some()).unwrap_or_else(FieldPath::root)
}

/// The keys of tables whose values are amounts.
const AMOUNTS: &[&str] = &["requests", "limits", "capacity", "hard"];

/// Whether the table under this key has amounts as values: `resources.requests`, a volume's
/// `spec.capacity`, a quota's `spec.hard`.
fn is_amounts_table(parent: &FieldPath, key: &str) -> bool {
    let above = parent.to_string();
    match key {
        "requests" | "limits" => above.ends_with("resources"),
        _ => above == "spec",
    }
}
