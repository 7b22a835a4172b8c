//! The schema of a custom resource's version, as one thing that changes.
//!
//! A schema has thousands of fields, and nobody approves them one by one. So a plan says of it how large it is and
//! which one it is; its single fields are in the plan as data, and only there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::change::Change;
use super::field_change::{Cause, FieldChange};
use crate::resource::{FieldPath, Segment, digest};

/// The path of a version's schema has so many steps: `spec.versions[v1].schema`.
const DEPTH: usize = 4;

/// A schema that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaChange {
    /// Where it is: `spec.versions[v1].schema`.
    pub path: FieldPath,
    /// What is there now.
    pub before: Option<SchemaSummary>,
    /// What will be there.
    pub after: Option<SchemaSummary>,
    /// How many fields of it change.
    pub fields: usize,
    /// Whose change it is. Drift in any of its fields counts before the user's own change.
    pub cause: Cause,
}

/// Which schema it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaSummary {
    /// Its size as JSON, in bytes.
    pub bytes: usize,
    /// The SHA-256 of its JSON, with the name of the method before it.
    pub digest: String,
}

impl SchemaSummary {
    fn of(schema: &Value) -> Self {
        let text = schema.to_string();
        Self { bytes: text.len(), digest: digest(&text) }
    }
}

/// The schemas that a change of a definition is about; none for any other object.
pub(in crate::plan) fn schema_changes(change: &Change) -> Vec<SchemaChange> {
    let mut by_path: BTreeMap<FieldPath, Vec<&FieldChange>> = BTreeMap::new();
    for field in &change.fields {
        if let Some(path) = change.schema_above(&field.path) {
            by_path.entry(path).or_default().push(field);
        }
    }
    by_path.into_iter().map(|(path, fields)| of_fields(change, path, &fields)).collect()
}

fn of_fields(change: &Change, path: FieldPath, fields: &[&FieldChange]) -> SchemaChange {
    let summary = |object: Option<&Value>| object.and_then(|object| path.get(object)).map(SchemaSummary::of);
    let others = fields.iter().find(|field| field.cause != Cause::Yours);
    SchemaChange {
        before: summary(change.prior.as_ref().map(|live| &live.object)),
        after: summary(change.send.as_ref()),
        fields: fields.len(),
        cause: others.map_or(Cause::Yours, |field| field.cause.clone()),
        path,
    }
}

impl Change {
    /// The path of the schema in which a field is; `None` for a field of any other object, and for one that is in no
    /// schema.
    pub fn schema_above(&self, path: &FieldPath) -> Option<FieldPath> {
        if !self.target.identity.is("apiextensions.k8s.io", "CustomResourceDefinition") {
            return None;
        }
        match path.segments().get(..DEPTH)? {
            [Segment::Key(spec), Segment::Key(versions), _, Segment::Key(schema)]
                if spec == "spec" && versions == "versions" && schema == "schema" =>
            {
                Some(path.segments().iter().take(DEPTH).cloned().collect())
            }
            _ => None,
        }
    }

    /// The fields that are shown one by one: all but those of [`schemas`](Self::schemas).
    pub fn single_fields(&self) -> impl Iterator<Item = &FieldChange> {
        self.fields
            .iter()
            .filter(|field| !self.schemas.iter().any(|schema| schema.path.contains(&field.path)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::model::change::Action;
    use crate::plan::model::fidelity::Fidelity;
    use crate::plan::model::field_change::After;
    use crate::resource::{Address, Identity, Target};

    #[test]
    fn a_schema_is_one_change_whatever_it_has() {
        let definition = json!({"spec": {"group": "a.example.com", "versions": [
            {"name": "v1", "schema": {"openAPIV3Schema": {"type": "object", "description": "x"}}}]}});
        let identity =
            Identity::cluster("apiextensions.k8s.io", "CustomResourceDefinition", "a.a.example.com");
        let target = Target { identity, version: None };
        let mut change =
            Change::new(Address::block("resource", "a"), target, Action::Create, Fidelity::DryRun);
        let field = |path: &str| FieldChange::new(path.parse().unwrap(), None, After::Value(json!("x")));
        change.fields = vec![
            field("spec.group"),
            field("spec.versions[name=v1].schema.openAPIV3Schema.type"),
            field("spec.versions[name=v1].schema.openAPIV3Schema.description"),
        ];
        change.send = Some(definition.clone());
        change.schemas = schema_changes(&change);
        let [schema] = change.schemas.as_slice() else { panic!("{:?}", change.schemas) };
        assert_eq!((schema.fields, &schema.before, &schema.cause), (2, &None, &Cause::Yours));
        let text = definition["spec"]["versions"][0]["schema"].to_string();
        assert_eq!(schema.after, Some(SchemaSummary { bytes: text.len(), digest: digest(&text) }));
        let shown: Vec<String> = change.single_fields().map(|field| field.path.to_string()).collect();
        assert_eq!(shown, ["spec.group"]);
        change.target.identity = Identity::cluster("example.com", "Thing", "a");
        assert!(schema_changes(&change).is_empty());
    }
}
