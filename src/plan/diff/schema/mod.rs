//! Whether a custom resource fits its definition in the same plan, which no server knows yet.

mod structural;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::paths::LocationSegment;
use serde_json::Value;

use crate::diagnostic::nearest::nearest;
use crate::plan::diff::misfit::{Mistake, rejected};
use crate::plan::diff::overlay::overlay;
use crate::resource::{Address, Desired, FieldPath, Problem, ProblemKind};

/// A definition of the same plan.
#[derive(Debug, Clone, Copy)]
pub(in crate::plan) struct Definition<'a> {
    /// What the user calls it.
    pub(in crate::plan) address: &'a Address,
    /// The `CustomResourceDefinition` as it will be.
    pub(in crate::plan) object: &'a Value,
}

/// What the server will refuse once it has the definition; `None` where it will take the object, as far as
/// that can be known without the server.
pub(in crate::plan) fn check(
    definition: Definition<'_>,
    desired: &Desired,
    live: Option<&Value>,
    sent: &Value,
) -> Option<Problem> {
    let target = desired.target();
    let version = target.version.as_deref()?;
    let versions = definition.object.pointer("/spec/versions")?.as_array()?;
    let name_of = |version: &Value| version.get("name").and_then(Value::as_str).map(str::to_owned);
    let served = || versions.iter().filter(|version| version.get("served") == Some(&Value::Bool(true)));
    let Some(found) = served().find(|found| name_of(found).as_deref() == Some(version)) else {
        let names: Vec<String> = served().filter_map(name_of).collect();
        return Some(not_served(definition, &target.identity.group, version, &names));
    };
    let structure = found.pointer("/schema/openAPIV3Schema")?;
    if definition.object.pointer("/spec/preserveUnknownFields") == Some(&Value::Bool(true)) {
        return None;
    }
    let mut outcome = live.map_or_else(|| sent.clone(), |live| overlay(live, sent));
    if found.pointer("/subresources/status").is_some()
        && let Some(object) = outcome.as_object_mut()
    {
        // A status with a subresource of its own is ignored in this write.
        object.remove("status");
    }
    structural::with_defaults(structure, &mut outcome);
    let schema = structural::json_schema(structure);
    // The server refuses a schema that cannot be read.
    let validator = structural::options().build(&schema).ok()?;
    let subject = Subject { desired, live, sent, schema: &schema };
    let mut mistakes: Vec<Mistake> =
        validator.iter_errors(&outcome).flat_map(|error| subject.mistakes(&error)).collect();
    mistakes.extend(subject.repeated(structure, &outcome));
    let head = format!("it does not fit the schema of its definition in this plan ({}):", definition.address);
    (!mistakes.is_empty()).then(|| rejected(&head, desired, mistakes))
}

/// What is said of a key without a value.
const EMPTY: &str = "it is empty (null): give it a value, or remove the key";

/// The object that is checked, and the schema.
struct Subject<'a> {
    desired: &'a Desired,
    live: Option<&'a Value>,
    sent: &'a Value,
    schema: &'a Value,
}

impl Subject<'_> {
    fn mistakes(&self, error: &ValidationError<'_>) -> Vec<Mistake> {
        let path = place(error);
        if self.is_as_it_was(&path, error.instance()) {
            return Vec::new();
        }
        match error.kind() {
            Kind::AdditionalProperties { unexpected } => self.unknown(error, &path, unexpected),
            Kind::Required { property } => {
                let path = path.key(property.as_str().unwrap_or_default());
                if self.is_open(&path) {
                    return Vec::new();
                }
                vec![Mistake { path, reason: "FieldValueRequired", words: "it is required".to_owned() }]
            }
            _ if self.is_open(&path) => Vec::new(),
            // The server refuses it too: under server-side apply, no null is left out.
            Kind::Type { .. } if error.instance().is_null() => {
                vec![Mistake { path, reason: "FieldValueTypeInvalid", words: EMPTY.to_owned() }]
            }
            kind => {
                let reason = match kind {
                    Kind::Type { .. } => "FieldValueTypeInvalid",
                    Kind::Enum { .. } => "FieldValueNotSupported",
                    _ => "FieldValueInvalid",
                };
                vec![Mistake { path, reason, words: error.masked().to_string() }]
            }
        }
    }

    fn repeated(&self, structure: &Value, outcome: &Value) -> Vec<Mistake> {
        let mut found = Vec::new();
        structural::repeated(structure, outcome, &FieldPath::root(), &mut found);
        found.retain(|path| !self.is_open(path));
        let words = "an earlier item of the list has the same keys";
        let mistake = |path| Mistake { path, reason: "FieldValueDuplicate", words: words.to_owned() };
        found.into_iter().map(mistake).collect()
    }

    /// Whether the value was there before and stays: the server accepts it, whatever the new schema says.
    fn is_as_it_was(&self, path: &FieldPath, value: &Value) -> bool {
        self.live.and_then(|live| path.get(live)) == Some(value)
    }

    /// Whether its value is not known yet, or could not be found out.
    fn is_open(&self, path: &FieldPath) -> bool {
        self.desired.unresolved.touches(path) || self.desired.unchecked.touches(path)
    }

    /// Fields that the schema does not have. The server removes those of others without a word, and refuses ours.
    fn unknown(&self, error: &ValidationError<'_>, path: &FieldPath, unexpected: &[String]) -> Vec<Mistake> {
        let ours = unexpected.iter().filter(|key| path.key(key.as_str()).get(self.sent).is_some());
        let known = self.known_beside(error);
        ours.map(|key| {
            let near = nearest(key, known.iter().copied());
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let words = format!("the schema does not have this field{hint}");
            Mistake { path: path.key(key.as_str()), reason: "FieldNotDeclared", words }
        })
        .collect()
    }

    /// The fields that the schema has beside an unknown one.
    fn known_beside(&self, error: &ValidationError<'_>) -> BTreeSet<&str> {
        let pointer = error.schema_path().as_str();
        let around = pointer.rsplit_once('/').and_then(|(around, _)| self.schema.pointer(around));
        let properties = around.and_then(|schema| schema.get("properties")?.as_object());
        properties.into_iter().flatten().map(|(key, _)| key.as_str()).collect()
    }
}

fn place(error: &ValidationError<'_>) -> FieldPath {
    error.instance_path().iter().fold(FieldPath::root(), |path, segment| match segment {
        LocationSegment::Property(key) => path.key(key.into_owned()),
        LocationSegment::Index(index) => path.index(index),
    })
}

fn not_served(definition: Definition<'_>, group: &str, version: &str, served: &[String]) -> Problem {
    let served = if served.is_empty() { "no version".to_owned() } else { served.join(", ") };
    let message = format!(
        "the definition in this plan ({}) does not serve `{group}/{version}`; it serves {served}",
        definition.address
    );
    Problem::new(ProblemKind::Rejected, message)
        .help("write the object in a version that is served, or serve this one")
}
