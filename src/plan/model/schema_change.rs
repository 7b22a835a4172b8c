//! The schema of a custom resource's version, as one thing that changes.
//!
//! A schema has thousands of fields, and nobody approves them one by one. So a plan says of it how large it is and
//! which one it is; its single fields are in the plan as data, and only there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::field_change::{Cause, FieldChange};
use crate::kubernetes::definition_schemas::{SchemaSummary, schema_above};
use crate::resource::{FieldPath, Identity};

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

/// The schemas that these fields of an object are in, as it is now and as it is sent; none for an object that is no
/// definition.
pub(in crate::plan) fn schema_changes(
    identity: &Identity,
    fields: &[FieldChange],
    [before, after]: [Option<&Value>; 2],
) -> Vec<SchemaChange> {
    let mut by_path: BTreeMap<FieldPath, Vec<&FieldChange>> = BTreeMap::new();
    for field in fields {
        if let Some(path) = schema_above(identity, &field.path) {
            by_path.entry(path).or_default().push(field);
        }
    }
    let summary = |object: Option<&Value>, path: &FieldPath| {
        object.and_then(|object| path.get(object)).map(SchemaSummary::of)
    };
    let schemas = by_path.into_iter().map(|(path, fields)| {
        let others = fields.iter().find(|field| field.cause != Cause::Yours);
        SchemaChange {
            before: summary(before, &path),
            after: summary(after, &path),
            fields: fields.len(),
            cause: others.map_or(Cause::Yours, |field| field.cause.clone()),
            path,
        }
    });
    schemas.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::model::field_change::After;
    use crate::resource::digest;

    #[test]
    fn a_schema_is_one_change_whatever_it_has() {
        let definition = json!({"spec": {"group": "a.example.com", "versions": [
            {"name": "v1", "schema": {"openAPIV3Schema": {"type": "object", "description": "x"}}}]}});
        let identity =
            Identity::cluster("apiextensions.k8s.io", "CustomResourceDefinition", "a.a.example.com");
        let field = |path: &str| FieldChange::new(path.parse().unwrap(), None, After::Value(json!("x")));
        let fields = [
            field("spec.group"),
            field("spec.versions[name=v1].schema.openAPIV3Schema.type"),
            field("spec.versions[name=v1].schema.openAPIV3Schema.description"),
        ];
        let schemas = schema_changes(&identity, &fields, [None, Some(&definition)]);
        let [schema] = schemas.as_slice() else { panic!("{schemas:?}") };
        assert_eq!((schema.fields, &schema.before, &schema.cause), (2, &None, &Cause::Yours));
        let text = definition["spec"]["versions"][0]["schema"].to_string();
        assert_eq!(schema.after, Some(SchemaSummary { bytes: text.len(), digest: digest(&text) }));
        let other = Identity::cluster("example.com", "Thing", "a");
        assert!(schema_changes(&other, &fields, [None, Some(&definition)]).is_empty());
    }
}
