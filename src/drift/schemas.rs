//! The schemas of a definition that are not as they were applied, each as one thing: it has thousands of fields.
//!
//! The server keeps all versions of a definition as one value, so they drift as one.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Field, Finding};
use crate::kubernetes::definition_schemas::{SchemaSummary, apart};
use crate::resource::{FieldManager, FieldPath};

/// A schema that is not as it was applied.
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaDrift {
    /// Where it is: `spec.versions[v1].schema`.
    pub path: FieldPath,
    /// What it was when it was applied; `None` where it was not.
    pub before: Option<SchemaSummary>,
    /// What is there now.
    pub after: Option<SchemaSummary>,
    /// The field managers that own it now; empty where the server does not tell.
    pub by: Vec<FieldManager>,
}

impl Finding {
    /// Its fields, additions last, as they are shown one by one: without [`schemas`](Self::schemas).
    pub fn single_fields(&self) -> Vec<Field> {
        let fields = self.status.fields().iter().chain(&self.added);
        let single = fields.map(|field| {
            let rest = |value: &Value| match apart(&self.identity, &field.path, value) {
                Some((rest, _)) => rest,
                None => value.clone(),
            };
            let (before, after) = (field.before.as_ref().map(rest), field.after.as_ref().map(rest));
            let is_told_by_schemas = before == after && field.before != field.after;
            (is_told_by_schemas, Field { before, after, ..field.clone() })
        });
        single.filter(|(is_told, _)| !is_told).map(|(_, field)| field).collect()
    }

    /// The schemas that are not as they were applied, or were added.
    pub fn schemas(&self) -> Vec<SchemaDrift> {
        let fields = self.status.fields().iter().chain(&self.added);
        fields.flat_map(|field| self.schemas_in(field)).collect()
    }

    fn schemas_in(&self, field: &Field) -> Vec<SchemaDrift> {
        let summaries = |value: &Option<Value>| -> BTreeMap<FieldPath, SchemaSummary> {
            let parts = value.as_ref().and_then(|value| apart(&self.identity, &field.path, value));
            let schemas = parts.map(|(_, schemas)| schemas).unwrap_or_default();
            schemas.into_iter().map(|(path, schema)| (path, SchemaSummary::of(&schema))).collect()
        };
        let (before, after) = (summaries(&field.before), summaries(&field.after));
        let mut paths: Vec<&FieldPath> = before.keys().chain(after.keys()).collect();
        paths.sort();
        paths.dedup();
        let all = paths.into_iter().map(|path| SchemaDrift {
            path: path.clone(),
            before: before.get(path).cloned(),
            after: after.get(path).cloned(),
            by: field.by.clone(),
        });
        all.filter(|schema| schema.before != schema.after).collect()
    }
}
